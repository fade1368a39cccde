"""Write labels in any script: in an installed font that has their letters, or escaped where none has."""

import logging
import unicodedata
from functools import cache
from typing import Literal

from matplotlib import font_manager

#: Looked through in this order for each letter, as far as they are installed: matplotlib's own font, then those that
#: Linux and macOS have for scripts that it lacks. Emoji in colour are pictures, which matplotlib cannot draw.
FAMILIES = (
    "DejaVu Sans",
    "Noto Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans CJK KR",
    "Noto Sans SC",
    "Noto Sans JP",
    "Noto Sans KR",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "Hiragino Sans",
    "Apple SD Gothic Neo",
    "Noto Sans Devanagari",
    "Noto Sans Bengali",
    "Noto Sans Tamil",
    "Noto Sans Thai",
    "Noto Emoji",
    "Symbola",
    "Arial Unicode MS",
    "FreeSans",
    "Unifont",
)

#: These join letters into one and are not seen themselves.
_JOINERS = "\u200c\u200d"

# Where a font has no bold letters, its others are good enough to say nothing of it.
logging.getLogger("matplotlib.font_manager").addFilter(lambda record: "font weight" not in str(record.msg))

Weight = Literal["normal", "bold"]


def families() -> list[str]:
    """Return the installed families, in the order that matplotlib is to look through them for each letter."""
    installed = set(font_manager.get_font_names())
    return [family for family in FAMILIES if family in installed]


def legible(text: str, most: int, weight: Weight = "normal") -> str:
    """Return a label as it can be drawn in `families`, cut where it is wider than `most` letters.

    What cannot be printed, or is in no font, is escaped as Python escapes it; an empty label is a pair of quotes.
    """
    if not text:
        return "''"
    among = tuple(families())
    shown = [
        letter
        if (letter.isprintable() or letter in _JOINERS) and _is_in_a_font(letter, among, weight)
        else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    ]
    if sum(map(_width, shown)) > most:
        room = most - 1
        kept = []
        for letter in shown:
            room -= _width(letter)
            if room < 0:
                break
            kept.append(letter)
        shown = [*kept, "…"]
    # A dollar sign would begin a formula.
    return "".join(shown).replace("$", r"\$")


def _width(shown: str) -> int:
    """Return how many letters' room a letter or its escape takes."""
    return 2 if unicodedata.east_asian_width(shown[0]) in "FW" else len(shown)


@cache
def _is_in_a_font(letter: str, among: tuple[str, ...], weight: Weight) -> bool:
    for family in among:
        wanted = font_manager.FontProperties(family=[family], weight=weight)
        font = font_manager.get_font(font_manager.findfont(wanted, fallback_to_default=False))
        if font.get_char_index(ord(letter)):
            return True
    return False
