"""Rows of captioned pictures with constant margins: what the figures of answers and findings are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ingest.images.images import Image, decode
from search.figures.figure_file import FAINT, INK, RIGHT, WRONG
from search.figures.text_fitting import families, fitted, width_of

#: Inches.
MARGIN = 0.18
GAP = 0.08
FIRST_GAP = 0.3
_BLOCK_GAP = 0.6

TITLE_ROOM = 0.32
_ABOVE_CAPTION = 0.08
_FIRST_LINE = 0.2
_NEXT_LINE = 0.165
_LAST_LINE = 0.11
_BELOW_CAPTION = 0.12

TITLE_POINTS = 11
_FIRST_POINTS = 9
_NEXT_POINTS = 8

#: Pictures of at most so many pixels a side are shown pixel by pixel, larger ones are smoothed.
_FEW_PIXELS = 64


@dataclass(frozen=True)
class Mark:
    """How a picture is framed; a sign in its corner tells the same to whoever does not see the colour."""

    colour: str
    line: float
    sign: str = ""


ASKED = Mark(INK, 2.0)
PLAIN = Mark(FAINT, 0.8)
AGREES = Mark(RIGHT, 2.0)
DIFFERS = Mark(WRONG, 2.0, "×")  # noqa: RUF001 - a cross is what it is


@dataclass(frozen=True)
class Tile:
    """A picture and the lines below it, the first of them bold; `image` is None where there is none to show."""

    image: Image | None
    lines: tuple[str, ...]
    mark: Mark = PLAIN


@dataclass(frozen=True)
class Remark:
    """Words in the place of a picture, such as how many more there are."""

    words: str


def draw_gallery(rows: Sequence[Sequence[Tile | Remark]], side: float, title: str = "", abreast: int = 1) -> Figure:
    """Draw rows of tiles `side` inches wide and high, the first of each row a little apart from the others.

    So many rows stand `abreast`.
    """
    columns = max(len(row) for row in rows)
    lines = max(len(tile.lines) for row in rows for tile in row if isinstance(tile, Tile))
    caption = _ABOVE_CAPTION + _lines_above(lines - 1) + _LAST_LINE + _BELOW_CAPTION
    block = side * columns + FIRST_GAP * (columns > 1) + GAP * max(0, columns - 2)
    top = MARGIN + (TITLE_ROOM if title else 0)
    width = 2 * MARGIN + max(block * abreast + _BLOCK_GAP * (abreast - 1), width_of(title, TITLE_POINTS))
    height = top + (side + caption) * ceil(len(rows) / abreast) + MARGIN - _BELOW_CAPTION
    figure = Figure(figsize=(width, height), facecolor="white")
    if title:
        written = figure.text(MARGIN / width, 1 - MARGIN / height, title, ha="left", va="top", color=INK)
        written.set(fontfamily=families(), fontsize=TITLE_POINTS)
    for place, row in enumerate(rows):
        down, beside = divmod(place, abreast)
        bottom = height - top - down * (side + caption) - side
        for across, tile in enumerate(row):
            left = MARGIN + beside * (block + _BLOCK_GAP) + across * (side + GAP) + (FIRST_GAP - GAP) * (across > 0)
            axes = figure.add_axes((left / width, bottom / height, side / width, side / height))
            axes.set_xticks([])
            axes.set_yticks([])
            if isinstance(tile, Remark):
                _remark(axes, tile.words)
            else:
                _picture(axes, tile)
                _caption(figure, tile, (left + side / 2) / width, bottom, side + GAP / 2)
    return figure


def picture(png: bytes | None) -> Image | None:
    """Return a thumbnail's pixels, or None for None."""
    return None if png is None else decode(png, "a thumbnail")


def interpolation(image: Image) -> str:
    """Return how matplotlib is to scale a picture: few pixels are shown as they are, many are smoothed."""
    return "nearest" if max(image.shape[:2]) <= _FEW_PIXELS else "antialiased"


def _picture(axes: Axes, tile: Tile) -> None:
    for spine in axes.spines.values():
        spine.set(color=tile.mark.colour, linewidth=tile.mark.line)
    if tile.image is None:
        axes.text(0.5, 0.5, "no picture", ha="center", va="center", color=FAINT, fontsize=8, transform=axes.transAxes)
    else:
        axes.imshow(tile.image, cmap="gray", vmin=0, vmax=255, interpolation=interpolation(tile.image), aspect="equal")
        # Pictures of all shapes stand on their captions.
        axes.set_anchor("S")
    if tile.mark.sign:
        badge = axes.annotate(tile.mark.sign, (1, 1), xycoords="axes fraction", ha="center", va="center")
        badge.set(color="white", fontsize=8, weight="bold", annotation_clip=False)
        badge.set_bbox({"boxstyle": "circle,pad=0.15", "facecolor": tile.mark.colour, "edgecolor": "white"})


def _remark(axes: Axes, words: str) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, words, ha="center", va="center", color=FAINT, fontsize=10, transform=axes.transAxes)


def _caption(figure: Figure, tile: Tile, middle: float, bottom: float, room: float) -> None:
    """Write lines below a tile, in the same place whatever the shape of the picture in it."""
    height = figure.get_figheight()
    colour = tile.mark.colour
    for number, line in enumerate(tile.lines):
        below = bottom - _ABOVE_CAPTION - _lines_above(number)
        written = figure.text(middle, below / height, "", ha="center", va="top")
        if number:
            written.set(text=fitted(line, room, _NEXT_POINTS), color=FAINT, fontsize=_NEXT_POINTS)
        else:
            written.set(text=fitted(line, room, _FIRST_POINTS, "bold"), color=colour, fontsize=_FIRST_POINTS)
            written.set(weight="bold")
        written.set_fontfamily(families())


def _lines_above(number: int) -> float:
    """Return the height of the lines of a caption before one, by number from 0."""
    return _FIRST_LINE + _NEXT_LINE * (number - 1) if number else 0.0
