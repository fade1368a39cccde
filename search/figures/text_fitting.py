"""Fit labels of any script into figures: choose installed fonts, escape what no font has, cut what is too wide."""

import logging
import unicodedata
from bisect import bisect
from functools import cache
from itertools import accumulate
from typing import Literal

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font, LoadFlags

#: Fonts tried in this order for each letter, where installed: matplotlib's own, then those that Linux and macOS have
#: for scripts that it lacks. Colour emoji are bitmaps, which matplotlib cannot draw.
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

#: Written for an empty label.
EMPTY = "''"

#: Letters are measured at this type size, in points, at which rounding does not matter.
_MEASURED_SIZE = 256

#: Zero-width non-joiner and joiner: not printable, but part of words.
_JOINERS = "\u200c\u200d"

# A font without bold letters is used as it is, without matplotlib's warning.
logging.getLogger("matplotlib.font_manager").addFilter(lambda record: "font weight" not in str(record.msg))

Weight = Literal["normal", "bold"]


def font_families() -> list[str]:
    """Return the installed families, in the order in which matplotlib must try them for each letter."""
    installed = set(font_manager.get_font_names())
    return [family for family in FAMILIES if family in installed]


def fit_letters(label: str, max_letters: int, weight: Weight = "normal") -> str:
    """Return a label as matplotlib text, cut to a width in letters; East Asian letters count twice.

    Letters that are not printable, or in no installed font, are escaped as Python escapes them. An empty label becomes
    a pair of quotes.
    """
    letters = _escaped(label, weight)
    return _matplotlib_text(_cut(letters, max_letters, [_columns(letter) for letter in letters], 1))


def fit_width(label: str, inches: float, size: float, weight: Weight = "normal") -> str:
    """Return a label as `fit_letters` does, cut to a width in inches at a type size in points."""
    letters = _escaped(label, weight)
    widths = [_width(letter, size, weight) for letter in letters]
    return _matplotlib_text(_cut(letters, inches, widths, _width("…", size, weight)))


def text_width(text: str, size: float, weight: Weight = "normal") -> float:
    """Return the width, in inches, of a text of `fit_letters` or `fit_width` at a type size in points."""
    return _width(text.replace(r"\$", "$"), size, weight)


def _escaped(label: str, weight: Weight) -> list[str]:
    """Return each letter of a label, or its escape."""
    families = tuple(font_families())
    return [
        letter
        if (letter.isprintable() or letter in _JOINERS) and _family_of(letter, families, weight)
        else letter.encode("unicode_escape").decode("ascii")
        for letter in label or EMPTY
    ]


def _cut(letters: list[str], limit: float, widths: list[float] | list[int], ellipsis_width: float) -> list[str]:
    """Leave out letters in the middle: names of files often differ at their ends."""
    if sum(widths) <= limit:
        return letters
    half = (limit - ellipsis_width) / 2
    end = bisect(list(accumulate(reversed(widths))), half)
    start = bisect(list(accumulate(widths)), limit - ellipsis_width - sum(widths[len(widths) - end :]))
    return [*letters[:start], "…", *letters[len(letters) - end :]]


def _matplotlib_text(letters: list[str]) -> str:
    # An unescaped dollar sign begins a formula.
    return "".join(letters).replace("$", r"\$")


def _columns(letter: str) -> int:
    """Return the width of a letter or its escape in columns, as a terminal counts them."""
    return 2 if unicodedata.east_asian_width(letter[0]) in "FW" else len(letter)


def _width(letters: str, size: float, weight: Weight) -> float:
    families = tuple(font_families())
    return size / 72 * sum(_advance(letter, families, weight) for letter in letters)


@cache
def _advance(letter: str, families: tuple[str, ...], weight: Weight) -> float:
    """Return a letter's width relative to the type size; ligatures and accents only ever reduce it."""
    font = _font(_family_of(letter, families, weight) or families[0], weight)
    font.set_size(_MEASURED_SIZE, 72)
    return float(font.load_char(ord(letter), LoadFlags.NO_HINTING).linearHoriAdvance) / 65536 / _MEASURED_SIZE


@cache
def _family_of(letter: str, families: tuple[str, ...], weight: Weight) -> str | None:
    """Return the first family that has a letter, or None."""
    return next((family for family in families if _font(family, weight).get_char_index(ord(letter))), None)


def _font(family: str, weight: Weight) -> FT2Font:
    properties = font_manager.FontProperties(family=[family], weight=weight)
    return font_manager.get_font(font_manager.findfont(properties, fallback_to_default=False))
