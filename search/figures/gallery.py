"""A gallery: rows of captioned images with fixed margins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ingest.images.images import Image
from search.figures.palette import FAINT, INK, RIGHT, WRONG
from search.figures.text_fitting import fit_width, font_families, text_width
from search.thumbnail_image import thumbnail_image

# Lengths are in inches, type sizes in points.

MARGIN = 0.18
TITLE_HEIGHT = 0.32
TITLE_SIZE = 11

#: Between tiles, between a row's first tile and the others, and between rows side by side.
_GAP = 0.08
_FIRST_GAP = 0.3
_ROW_GAP = 0.6

_ABOVE_CAPTION = 0.08
_FIRST_LINE = 0.2
_NEXT_LINE = 0.165
_LAST_LINE = 0.11
_BELOW_CAPTION = 0.12

_FIRST_LINE_SIZE = 9
_NEXT_LINE_SIZE = 8

#: Images of at most this side in pixels are enlarged without smoothing.
_PIXELATED_SIDE = 64


@dataclass(frozen=True)
class Frame:
    """The frame of a tile; `sign`, in its corner, has the meaning of the colour for the colour-blind."""

    colour: str
    linewidth: float
    sign: str = ""


QUERY = Frame(INK, 2.0)
PLAIN = Frame(FAINT, 0.8)
SAME_LABEL = Frame(RIGHT, 2.0)
DOUBTFUL = Frame(WRONG, 2.0, "?")
OTHER_LABEL = Frame(WRONG, 2.0, "×")  # noqa: RUF001 - a multiplication sign is meant


@dataclass(frozen=True)
class Tile:
    """An image, None when the item has no thumbnail, and the lines of its caption, the first of them bold."""

    image: Image | None
    caption: tuple[str, ...]
    frame: Frame = PLAIN


@dataclass(frozen=True)
class TextTile:
    """Text where an image would be, such as the number of images that are not shown."""

    text: str


def draw_gallery(rows: Sequence[Sequence[Tile | TextTile]], side: float, title: str = "", columns: int = 1) -> Figure:
    """Draw rows of square tiles of `side` inches, in one or more columns of rows, under a title.

    The first tile of each row is set apart from the others by a wider gap.
    """
    tiles = max(len(row) for row in rows)
    lines = max(len(tile.caption) for row in rows for tile in row if isinstance(tile, Tile))
    caption = _ABOVE_CAPTION + _line_offset(lines - 1) + _LAST_LINE + _BELOW_CAPTION
    row_width = side * tiles + _FIRST_GAP * (tiles > 1) + _GAP * max(0, tiles - 2)
    top = MARGIN + (TITLE_HEIGHT if title else 0)
    width = 2 * MARGIN + max(row_width * columns + _ROW_GAP * (columns - 1), text_width(title, TITLE_SIZE))
    height = top + (side + caption) * ceil(len(rows) / columns) + MARGIN - _BELOW_CAPTION
    figure = Figure(figsize=(width, height), facecolor="white")
    if title:
        draw_title(figure, title)
    for index, row in enumerate(rows):
        line, column = divmod(index, columns)
        bottom = height - top - line * (side + caption) - side
        for position, tile in enumerate(row):
            left = MARGIN + column * (row_width + _ROW_GAP) + position * (side + _GAP)
            left += (_FIRST_GAP - _GAP) * (position > 0)
            axes = figure.add_axes((left / width, bottom / height, side / width, side / height))
            axes.set_xticks([])
            axes.set_yticks([])
            if isinstance(tile, TextTile):
                _draw_text(axes, tile.text)
            else:
                _draw_image(axes, tile)
                _draw_caption(figure, tile, (left + side / 2) / width, bottom, side + _GAP / 2)
    return figure


def draw_title(figure: Figure, title: str) -> None:
    """Write a title at the upper left of a figure, within its margins."""
    left, top = MARGIN / figure.get_figwidth(), 1 - MARGIN / figure.get_figheight()
    text = figure.text(left, top, title, ha="left", va="top", color=INK)
    text.set(fontfamily=font_families(), fontsize=TITLE_SIZE)


def decode_thumbnail(thumbnails: Mapping[int, bytes], id: int) -> Image | None:
    """Return the pixels of an item's thumbnail, None if there is none, or none that can be read."""
    return thumbnail_image(thumbnails[id]) if id in thumbnails else None


def interpolation(image: Image) -> str:
    """Return matplotlib's interpolation for an image: none for small images, so that their pixels show."""
    return "nearest" if max(image.shape[:2]) <= _PIXELATED_SIDE else "antialiased"


def _draw_image(axes: Axes, tile: Tile) -> None:
    for spine in axes.spines.values():
        spine.set(color=tile.frame.colour, linewidth=tile.frame.linewidth)
    if tile.image is None:
        axes.text(0.5, 0.5, "no picture", ha="center", va="center", color=FAINT, fontsize=8, transform=axes.transAxes)
    else:
        axes.imshow(tile.image, cmap="gray", vmin=0, vmax=255, interpolation=interpolation(tile.image), aspect="equal")
        # Images of all shapes stand on their captions.
        axes.set_anchor("S")
    if tile.frame.sign:
        badge = axes.annotate(tile.frame.sign, (1, 1), xycoords="axes fraction", ha="center", va="center")
        badge.set(color="white", fontsize=8, weight="bold", annotation_clip=False)
        badge.set_bbox({"boxstyle": "circle,pad=0.15", "facecolor": tile.frame.colour, "edgecolor": "white"})


def _draw_text(axes: Axes, text: str) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", color=FAINT, fontsize=10, transform=axes.transAxes)


def _draw_caption(figure: Figure, tile: Tile, centre: float, bottom: float, room: float) -> None:
    """Write the caption below a tile, at the same height whatever the shape of its image.

    `centre` is a share of the figure's width; `bottom`, the tile's lower edge, and `room`, the width, are in inches.
    """
    for number, line in enumerate(tile.caption):
        y = (bottom - _ABOVE_CAPTION - _line_offset(number)) / figure.get_figheight()
        text = figure.text(centre, y, "", ha="center", va="top", fontfamily=font_families())
        if number == 0:
            text.set(text=fit_width(line, room, _FIRST_LINE_SIZE, "bold"), color=tile.frame.colour)
            text.set(fontsize=_FIRST_LINE_SIZE, weight="bold")
        else:
            text.set(text=fit_width(line, room, _NEXT_LINE_SIZE), color=FAINT, fontsize=_NEXT_LINE_SIZE)


def _line_offset(number: int) -> float:
    """Return the distance of a caption's line, counted from 0, from the first."""
    return _FIRST_LINE + _NEXT_LINE * (number - 1) if number else 0.0
