"""Galleries of duplicates, a row for each group, and of label issues and outliers, a row for each one."""

from collections.abc import Iterator, Mapping, Sequence

from matplotlib.figure import Figure

from search.curation.duplicate_group import DuplicateGroup, Member
from search.curation.duplicates import Duplicates
from search.curation.label_issues import LabelIssue, LabelIssues
from search.curation.outliers import Outlier, Outliers
from search.errors import NothingToDraw
from search.figures.gallery import DOUBTFUL, OTHER_LABEL, PLAIN, QUERY, TextTile, Tile, decode_thumbnail, draw_gallery
from search.figures.neighbours_figure import file_name, hit_tile
from search.figures.text_fitting import EMPTY
from storage import Store

#: Inches; wider where file names are written below.
_SIDE = 1.0
_WIDE_SIDE = 1.5

#: Pages of groups; the table and --json have all.
_MAX_PAGES = 50

#: A copy that is less sure is marked.
_NEARLY_SURE = 0.9

_MAX_ROWS = 8
_MAX_HITS = 7

#: The largest number of tiles in a row that leaves space for a second column of rows.
_SHORT_ROW = 4


def draw_duplicates(duplicates: Duplicates, store: Store) -> Iterator[Figure]:
    """Yield pages of groups, the least sure first: each picture to keep with the others.

    Below a picture is its file's name, its size, and what it is a copy by. What is less than NEARLY_SURE or no copy is
    marked. Raise NothingToDraw for no group.
    """
    if not duplicates.groups:
        what = "duplicates" if duplicates.between is None else "leaks"
        raise NothingToDraw(
            f"expected {what} to draw, got none: give a --radius to find what merely looks alike"
            if duplicates.radius is None
            else f"expected {what} to draw, got none within {duplicates.radius:.4g}: give a larger --radius to find "
            "more"
        )
    groups = sorted(duplicates.groups, key=lambda group: group.least_sure)
    pages = [groups[start : start + _MAX_ROWS] for start in range(0, len(groups), _MAX_ROWS)]
    return (_page(page, number, duplicates, store) for number, page in enumerate(pages[:_MAX_PAGES]))


def _page(groups: Sequence[DuplicateGroup], number: int, duplicates: Duplicates, store: Store) -> Figure:
    ids = {member.id for group in groups for member in group.members[: _MAX_HITS + 1]}
    thumbnails = store.thumbnails(sorted(ids))
    total, first = len(duplicates.groups), number * _MAX_ROWS + 1
    noun = f"group{'s' * (total != 1)} of duplicates" if duplicates.between is None else f"leak{'s' * (total != 1)}"
    count = (
        f"{total:,} {noun}" if len(groups) == total else f"{noun} {first:,} to {first + len(groups) - 1:,} of {total:,}"
    )
    if duplicates.between is not None:
        count += f" from {duplicates.between.second} into {duplicates.between.first}"
    within = "" if duplicates.radius is None else f" within {duplicates.radius:.4g}"
    rows = [_group_row(group, thumbnails) for group in groups]
    marked = any(tile.frame is DOUBTFUL for row in rows for tile in row if isinstance(tile, Tile))
    legend = (
        f", the least sure first; {DOUBTFUL.sign} marks what is less than {_NEARLY_SURE:.0%} sure" if marked else ""
    )
    columns = 2 if len(rows) > 1 and max(map(len, rows)) <= _SHORT_ROW else 1
    return draw_gallery(rows, _WIDE_SIDE, f"{count[0].upper()}{count[1:]}{within}{legend}", columns)


def _group_row(group: DuplicateGroup, thumbnails: Mapping[int, bytes]) -> list[Tile | TextTile]:
    hidden = len(group.others) - _MAX_HITS
    kept = group.kept
    caption = (file_name(kept.key), *_facts(kept), f"keep: {kept.reason}")
    return [
        Tile(decode_thumbnail(thumbnails, kept.id), caption, QUERY),
        *(_member_tile(member, kept, thumbnails) for member in group.others[:_MAX_HITS]),
        *([TextTile(f"and {hidden:,}\nmore")] * (hidden > 0)),
    ]


def _member_tile(member: Member, kept: Member, thumbnails: Mapping[int, bytes]) -> Tile:
    differs = ", ".join(member.differs_from(kept))
    confidence = member.confidence
    sure = f"distance {member.distance:.3f}" if confidence is None else f"{member.kind}, {confidence:.0%}"
    is_sure = confidence is None or (member.kind.is_copy and confidence >= _NEARLY_SURE)
    caption = (file_name(member.key), *_facts(member), sure, *([f"other {differs}"] if differs else []))
    return Tile(decode_thumbnail(thumbnails, member.id), caption, PLAIN if is_sure else DOUBTFUL)


def _facts(member: Member) -> tuple[str, ...]:
    label = [] if member.label is None else [member.label or EMPTY]
    return (", ".join([*label, *([member.sides] if member.sides else [f"id {member.id}"])]),)


def draw_label_issues(issues: LabelIssues, store: Store) -> Figure:
    """Draw the issues of the largest margin with the neighbours that voted; raise NothingToDraw for no issue.

    The neighbours are marked by whether they have the predicted label.
    """
    shown = issues.issues[:_MAX_ROWS]
    if not shown and issues.total:
        raise NothingToDraw(
            "expected label issues to draw, got none that is sure enough: add --min-precision 0 for all"
        )
    if not shown:
        raise NothingToDraw("expected label issues to draw, got none: every label is that of its neighbours")
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


def draw_outliers(outliers: Outliers, store: Store) -> Figure:
    """Draw the farthest outliers with the items nearest to them; raise NothingToDraw for none."""
    shown = outliers.outliers[:_MAX_ROWS]
    if not shown:
        raise NothingToDraw("expected outliers to draw, got none: give a lower --min-score")
    ids = {hit.id for outlier in shown for hit in outlier.neighbours} | {outlier.item.id for outlier in shown}
    thumbnails = store.thumbnails(sorted(ids))
    title = f"The farthest of {outliers.item_count:,} items from all others, each with what is nearest"
    return draw_gallery([_outlier_row(outlier, thumbnails) for outlier in shown], _SIDE, title)


def _outlier_row(outlier: Outlier, thumbnails: Mapping[int, bytes]) -> list[Tile | TextTile]:
    item = outlier.item
    name = file_name(item.key) if item.label is None else item.label or EMPTY
    tile = Tile(decode_thumbnail(thumbnails, item.id), (name, f"{outlier.score:.2f} times", f"id {item.id}"), QUERY)
    return [tile, *(hit_tile(hit, None, thumbnails) for hit in outlier.neighbours)]


def _count(shown: int, total: int, noun: str, order: str) -> str:
    """Return the beginning of a title: how many groups or items are shown, and of how many if not all are."""
    if shown < total:
        return f"The {shown} {order} of {total:,} {noun}s"
    return f"{shown} {noun}{'s' * (shown != 1)}"
