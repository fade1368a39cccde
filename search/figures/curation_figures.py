"""Galleries of what curation finds: a group of duplicates a row, a suspect with its neighbours a row."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from search.curation.duplicates import Duplicates, Group
from search.curation.label_issues import Suspect, Suspects
from search.errors import FigureUnusable
from search.figures.gallery import ASKED, DIFFERS, Remark, Tile, draw_gallery, picture
from search.figures.neighbours_figure import neighbour
from search.figures.text_fitting import EMPTY
from storage import Store

#: Inches.
_SIDE = 1.0

_MOST_ROWS = 8
_MOST_NEIGHBOURS = 7

#: Rows of at most so many pictures stand two abreast.
_FEW = 4


def draw_duplicates(duplicates: Duplicates, store: Store) -> Figure:
    """Draw the largest groups, each beginning with the item that came first; raise FigureUnusable when there is none.

    An item whose label is another than the first one's is marked.
    """
    shown = duplicates.groups[:_MOST_ROWS]
    if not shown:
        raise FigureUnusable(
            f"expected duplicates to draw, got none within {duplicates.radius:.4g}: nothing is wrong, or name a larger "
            "--radius"
        )
    ids = {hit.id for group in shown for hit in group.others[:_MOST_NEIGHBOURS]} | {group.kept.id for group in shown}
    thumbnails = store.thumbnails(sorted(ids))
    title = (
        f"{_of(len(shown), len(duplicates.groups), 'group', 'largest')} of duplicates within {duplicates.radius:.4g}"
    )
    rows = [_group(group, thumbnails) for group in shown]
    return draw_gallery(rows, _SIDE, title, abreast=2 if len(rows) > 1 and max(map(len, rows)) <= _FEW else 1)


def _group(group: Group, thumbnails: Mapping[int, bytes]) -> list[Tile | Remark]:
    kept = group.kept
    first = kept.label or EMPTY if kept.label is not None else "first"
    more = len(group.others) - _MOST_NEIGHBOURS
    return [
        Tile(picture(thumbnails.get(kept.id)), (first, f"id {kept.id}"), ASKED),
        *(neighbour(hit, kept.label, thumbnails) for hit in group.others[:_MOST_NEIGHBOURS]),
        *([Remark(f"and {more:,}\nmore")] * (more > 0)),
    ]


def draw_suspects(suspects: Suspects, store: Store) -> Figure:
    """Draw the surest suspects with the neighbours that were asked; raise FigureUnusable when there is none.

    The neighbours are marked by whether they have the label that is said.
    """
    shown = suspects.suspects[:_MOST_ROWS]
    if not shown:
        raise FigureUnusable("expected suspects to draw, got none: every label is what the neighbours say")
    ids = {hit.id for one in shown for hit in one.neighbours[:_MOST_NEIGHBOURS]} | {one.item.id for one in shown}
    thumbnails = store.thumbnails(sorted(ids))
    title = f"{_of(len(shown), len(suspects.suspects), 'item', 'surest')} whose neighbours say another label"
    return draw_gallery([_suspect(one, thumbnails) for one in shown], _SIDE, title)


def _suspect(suspect: Suspect, thumbnails: Mapping[int, bytes]) -> list[Tile | Remark]:
    lines = (
        suspect.item.label or EMPTY,
        f"said: {suspect.said or EMPTY} ({suspect.sure:.0%})",
        f"id {suspect.item.id}",
    )
    return [
        Tile(picture(thumbnails.get(suspect.item.id)), lines, DIFFERS),
        *(neighbour(hit, suspect.said, thumbnails) for hit in suspect.neighbours[:_MOST_NEIGHBOURS]),
    ]


def _of(shown: int, all: int, noun: str, order: str) -> str:
    """Say how many of all are shown."""
    if shown < all:
        return f"The {shown} {order} of {all:,} {noun}s"
    return f"{shown} {noun}{'s' * (shown != 1)}"
