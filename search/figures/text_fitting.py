"""Write labels in any script: in an installed font that has their letters, or escaped where none has."""

import logging
import unicodedata
from bisect import bisect
from functools import cache
from itertools import accumulate
from typing import Literal

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font, LoadFlags

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

#: What is written for an empty label.
EMPTY = "''"

#: A type size, in points, at which rounding no longer matters.
_LARGE = 256

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
    shown = _shown(text, weight)
    return _written(_cut(shown, most, [_width(letter) for letter in shown], 1))


def fitted(text: str, room: float, points: float, weight: Weight = "normal") -> str:
    """Return a label as it can be drawn, cut where it is wider than `room` inches at a type size."""
    shown = _shown(text, weight)
    widths = [_inches(letter, points, weight) for letter in shown]
    return _written(_cut(shown, room, widths, _inches("…", points, weight)))


def width_of(written: str, points: float, weight: Weight = "normal") -> float:
    """Return how many inches wide a line is, as `legible` or `fitted` gave it, at a type size."""
    return _inches(written.replace(r"\$", "$"), points, weight)


def _shown(text: str, weight: Weight) -> list[str]:
    """Return each letter of a label, or its escape."""
    among = tuple(families())
    return [
        letter
        if (letter.isprintable() or letter in _JOINERS) and _family_of(letter, among, weight)
        else letter.encode("unicode_escape").decode("ascii")
        for letter in text or EMPTY
    ]


def _cut(shown: list[str], room: float, widths: list[float] | list[int], dots: float) -> list[str]:
    if sum(widths) <= room:
        return shown
    ends = list(accumulate(widths))
    return [*shown[: bisect(ends, room - dots)], "…"]


def _written(shown: list[str]) -> str:
    # A dollar sign would begin a formula.
    return "".join(shown).replace("$", r"\$")


def _width(shown: str) -> int:
    """Return how many letters' room a letter or its escape takes."""
    return 2 if unicodedata.east_asian_width(shown[0]) in "FW" else len(shown)


def _inches(shown: str, points: float, weight: Weight) -> float:
    among = tuple(families())
    return points / 72 * sum(_advance(letter, among, weight) for letter in shown)


@cache
def _advance(letter: str, among: tuple[str, ...], weight: Weight) -> float:
    """Return a letter's width as a part of the type size; ligatures and accents only ever take less."""
    font = _font(_family_of(letter, among, weight) or among[0], weight)
    font.set_size(_LARGE, 72)
    return float(font.load_char(ord(letter), LoadFlags.NO_HINTING).linearHoriAdvance) / 65536 / _LARGE


@cache
def _family_of(letter: str, among: tuple[str, ...], weight: Weight) -> str | None:
    """Return the first of the families that has a letter."""
    return next((family for family in among if _font(family, weight).get_char_index(ord(letter))), None)


def _font(family: str, weight: Weight) -> FT2Font:
    wanted = font_manager.FontProperties(family=[family], weight=weight)
    return font_manager.get_font(font_manager.findfont(wanted, fallback_to_default=False))
