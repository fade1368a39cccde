"""Galleries of duplicates, a row for each group, and of label issues, a row for each with its neighbours."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from search.curation.duplicate_group import DuplicateGroup
from search.curation.duplicates import Duplicates
from search.curation.label_issues import LabelIssue, LabelIssues
from search.errors import FigureUnusable
from search.figures.gallery import OTHER_LABEL, QUERY, TextTile, Tile, decode_thumbnail, draw_gallery
from search.figures.neighbours_figure import hit_tile
from search.figures.text_fitting import EMPTY
from storage import Store

#: Inches.
_SIDE = 1.0

_MAX_ROWS = 8
_MAX_HITS = 7

#: The largest number of tiles in a row that leaves space for a second column of rows.
_SHORT_ROW = 4


def draw_duplicates(duplicates: Duplicates, store: Store) -> Figure:
    """Draw the largest groups, each picture to keep with the nearest others; raise FigureUnusable for no group.

    One with another label than the picture to keep is marked.
    """
    shown = duplicates.groups[:_MAX_ROWS]
    if not shown:
        raise FigureUnusable(
            f"expected duplicates to draw, got none within {duplicates.radius:.4g}: give a larger --radius to find more"
        )
    ids = {member.id for group in shown for member in group.others[:_MAX_HITS]}
    thumbnails = store.thumbnails(sorted(ids | {group.kept.id for group in shown}))
    count = _count(len(shown), len(duplicates.groups), "group", "largest")
    rows = [_group_row(group, thumbnails) for group in shown]
    columns = 2 if len(rows) > 1 and max(map(len, rows)) <= _SHORT_ROW else 1
    return draw_gallery(rows, _SIDE, f"{count} of duplicates within {duplicates.radius:.4g}", columns)


def _group_row(group: DuplicateGroup, thumbnails: Mapping[int, bytes]) -> list[Tile | TextTile]:
    item = group.kept
    title = item.label or EMPTY if item.label is not None else "first"
    hidden = len(group.others) - _MAX_HITS
    return [
        Tile(decode_thumbnail(thumbnails, item.id), (title, f"id {item.id}"), QUERY),
        *(
            hit_tile(member.as_hit(rank), item.label, thumbnails)
            for rank, member in enumerate(group.others[:_MAX_HITS], start=1)
        ),
        *([TextTile(f"and {hidden:,}\nmore")] * (hidden > 0)),
    ]


def draw_label_issues(issues: LabelIssues, store: Store) -> Figure:
    """Draw the issues of the largest margin with the neighbours that voted; raise FigureUnusable for no issue.

    The neighbours are marked by whether they have the predicted label.
    """
    shown = issues.issues[:_MAX_ROWS]
    if not shown:
        raise FigureUnusable("expected label issues to draw, got none: every label is that of its neighbours")
    ids = {hit.id for issue in shown for hit in issue.neighbours[:_MAX_HITS]} | {issue.item.id for issue in shown}
    thumbnails = store.thumbnails(sorted(ids))
    title = f"{_count(len(shown), len(issues.issues), 'item', 'clearest')} whose neighbours have another label"
    return draw_gallery([_issue_row(issue, thumbnails) for issue in shown], _SIDE, title)


def _issue_row(issue: LabelIssue, thumbnails: Mapping[int, bytes]) -> list[Tile | TextTile]:
    item, predicted = issue.item, issue.predicted_label
    caption = (item.label or EMPTY, f"rather: {predicted or EMPTY} ({issue.margin:.0%})", f"id {item.id}")
    return [
        Tile(decode_thumbnail(thumbnails, item.id), caption, OTHER_LABEL),
        *(hit_tile(hit, predicted, thumbnails) for hit in issue.neighbours[:_MAX_HITS]),
    ]


def _count(shown: int, total: int, noun: str, order: str) -> str:
    """Return the beginning of a title: how many groups or items are shown, and of how many if not all are."""
    if shown < total:
        return f"The {shown} {order} of {total:,} {noun}s"
    return f"{shown} {noun}{'s' * (shown != 1)}"
