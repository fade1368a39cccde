"""The neighbours figure: each query beside its hits, with labels and distances."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from search.errors import NothingToDraw
from search.figures.gallery import OTHER_LABEL, PLAIN, QUERY, SAME_LABEL, Tile, decode_thumbnail, draw_gallery
from search.figures.text_fitting import EMPTY
from search.results import QueryResult
from storage import Hit

#: Inches.
_SIDE = 1.35


def draw_neighbours(results: Sequence[QueryResult], thumbnails: Mapping[int, bytes]) -> Figure:
    """Draw a row for each result: the query and its hits.

    A hit with the query's label has a green frame, one with another label a red frame and a cross in its corner.
    `thumbnails` holds PNGs by item id. Raise NothingToDraw when no result has a hit.
    """
    if not any(result.hits for result in results):
        raise NothingToDraw(
            "expected at least one neighbour to draw, got none: the store holds no other item, or none that "
            "the options allow"
        )
    return draw_gallery([_row(result, thumbnails) for result in results], _SIDE)


def _row(result: QueryResult, thumbnails: Mapping[int, bytes]) -> list[Tile]:
    item = result.item
    label = item.label if item else None
    image = result.image
    if image is None and item:
        image = decode_thumbnail(thumbnails, item.id)
    caption: tuple[str, ...] = ("query",)
    if item:
        caption = ("query", file_name(item.key)) if label is None else (f"query: {label or EMPTY}", f"id {item.id}")
    return [
        Tile(image, caption, QUERY),
        *(hit_tile(hit, label, thumbnails) for hit in result.hits),
    ]


def hit_tile(hit: Hit, label: str | None, thumbnails: Mapping[int, bytes]) -> Tile:
    """Return the tile of a hit, framed by whether its label is the given one, plainly when either is None.

    A hit without a label is named by its file.
    """
    frame = PLAIN if label is None or hit.label is None else SAME_LABEL if hit.label == label else OTHER_LABEL
    caption = (hit.label if hit.label is not None else file_name(hit.key), f"{hit.distance:.3f}")
    return Tile(decode_thumbnail(thumbnails, hit.id), caption, frame)


def file_name(key: str) -> str:
    """Return the last part of a key, the name of the file of a picture in a folder."""
    return key.rsplit("/", 1)[-1] or EMPTY
