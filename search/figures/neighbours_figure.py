"""The query beside its neighbours, as in the notebook: pictures, labels, distances."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from search.errors import FigureUnusable
from search.figures.gallery import AGREES, ASKED, DIFFERS, PLAIN, Tile, draw_gallery, picture
from search.figures.text_fitting import EMPTY
from search.results import QueryResult
from storage import Hit

#: Inches.
_SIDE = 1.35


def draw_neighbours(results: Sequence[QueryResult], thumbnails: Mapping[int, bytes]) -> Figure:
    """Draw each query with its hits in a row.

    A hit whose label is the query's is framed in green, any other in red and with a cross in its corner. `thumbnails`
    holds PNGs by item id. Raise FigureUnusable when there is nothing to draw.
    """
    if not any(result.hits for result in results):
        raise FigureUnusable("expected at least one neighbour to draw, got none: the store holds no other item")
    return draw_gallery([_row(result, thumbnails) for result in results], _SIDE)


def _row(result: QueryResult, thumbnails: Mapping[int, bytes]) -> list[Tile]:
    item = result.item
    label = item.label if item else None
    image = result.image if result.image is not None else picture(thumbnails.get(item.id)) if item else None
    # An empty label is a pair of quotes, as everywhere in figures.
    caption = "query" if label is None else f"query: {label or EMPTY}"
    return [
        Tile(image, (caption, f"id {item.id}") if item else (caption,), ASKED),
        *(neighbour(hit, label, thumbnails) for hit in result.hits),
    ]


def neighbour(hit: Hit, label: str | None, thumbnails: Mapping[int, bytes]) -> Tile:
    """Return the tile of a hit: whether its label is the given one, if both are known, and its distance."""
    mark = PLAIN if label is None or hit.label is None else AGREES if hit.label == label else DIFFERS
    lines = (hit.label if hit.label is not None else f"id {hit.id}", f"{hit.distance:.3f}")
    return Tile(picture(thumbnails.get(hit.id)), lines, mark)
