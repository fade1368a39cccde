"""Find label issues: items whose label their nearest labelled neighbours do not share.

Each item is excluded from its own vote (leave-one-out), as in the editing rule of Wilson, "Asymptotic properties of
nearest neighbor rules using edited data", 1972. Neighbours are weighted by distance, as in Dudani, "The
distance-weighted k-nearest-neighbor rule", 1976, but from 1 down to 1/2 instead of 0, so that every neighbour counts.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from ingest.embedding.recipes.recipe import is_trained_on_labels
from search.notebook import MAX_STRIPS, html_strip, html_strips, html_title
from search.results import identity, plain_text, query_name
from search.searcher import Searcher
from search.store_thumbnails import StoreThumbnails, Thumbnails, no_thumbnails
from storage import Hit, Item, Neighbours, Store
from storage.console import printable, right_aligned
from storage.types.query import Query

#: Queries of one search.
_BATCH = 1024

#: Rows of the table; --json prints all issues.
_TABLE_ROWS = 50


@dataclass(frozen=True)
class LabelIssue:
    """An item, the label that its neighbours predict, the margin of the vote, and the neighbours that voted.

    `margin` is the predicted label's share of the votes minus that of the item's own label: above 0, at most 1.
    """

    item: Item
    predicted_label: str
    margin: float
    neighbours: tuple[Hit, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the issue as JSON."""
        return identity(self.item) | {
            "said": self.predicted_label,
            "sure": self.margin,
            "neighbours": [identity(hit) | {"distance": hit.distance} for hit in self.neighbours],
        }


@dataclass(frozen=True)
class LabelIssues:
    """The label issues of a store, the largest margin first, and the numbers of items that were and were not checked.

    Not checked are `unlabelled` items, and `single` ones, which are the only item of their label. `trained_on_labels`
    says that the vectors were made by a head that was trained on the labels, which hides wrong ones.
    """

    k: int
    checked: int
    unlabelled: int
    single: int
    issues: tuple[LabelIssue, ...]
    thumbnails: Thumbnails = field(default=no_thumbnails, repr=False, compare=False)
    trained_on_labels: bool = False

    def __str__(self) -> str:
        return f"{self.summary()}\n{plain_text([self.table()])}"

    def _repr_html_(self) -> str:
        strips = [
            html_title(f"{query_name(issue.item)}: predicted {issue.predicted_label}, margin {issue.margin:.2f}")
            + html_strip(
                query_name(issue.item),
                issue.neighbours,
                issue.item,
                None,
                self.thumbnails,
                label=issue.predicted_label,
            )
            for issue in self.issues[:MAX_STRIPS]
        ]
        return html_strips(self.summary(), strips, len(self.issues))

    def as_json(self) -> dict[str, Any]:
        """Return the issues as JSON."""
        return {
            "k": self.k,
            "judged": self.checked,
            "unlabelled": self.unlabelled,
            "single": self.single,
            "trained_on_labels": self.trained_on_labels,
            "suspects": [issue.as_json() for issue in self.issues],
        }

    def summary(self) -> str:
        """Return a line with the counts."""
        unchecked = [f"{self.unlabelled:,} without a label"] * bool(self.unlabelled)
        unchecked += [f"{self.single:,} alone with their label"] * bool(self.single)
        note = f" (not checked: {', '.join(unchecked)})" if unchecked else ""
        more = f"; the {_TABLE_ROWS} with the largest margin:" if len(self.issues) > _TABLE_ROWS else ""
        return f"{len(self.issues):,} of {self.checked:,} items have another label than their neighbours{note}{more}"

    def table(self) -> Table:
        """Return the issues with the largest margin as a table to print."""
        table = Table(*right_aligned("margin"), "label", "predicted", *right_aligned("id"), "key")
        for issue in self.issues[:_TABLE_ROWS]:
            item = issue.item
            cells = (f"{issue.margin:.2f}", item.label or "", issue.predicted_label, str(item.id), item.key)
            table.add_row(*(Text(printable(cell)) for cell in cells))
        return table


def find_label_issues(searcher: Searcher, k: int = 10, *, neighbours: Neighbours | None = None) -> LabelIssues:
    """Return the items whose label loses the weighted vote of their k nearest labelled neighbours.

    `neighbours` are those of `neighbours_of_all` if they are known: where every item has a label, none is searched for
    again. For a label of m items at most 2(m - 1) - 1 neighbours vote, so that the m - 1 others of a rare label can
    win. Raise InvalidQuery for k below 1.
    """
    items = searcher.store.items()
    counts = Counter(item.label for item in items)
    checked = [item for item in items if item.label is not None and counts[item.label] > 1]
    issues = []
    known = _known_neighbours(items, k, neighbours)
    if known is None:
        known = _neighbours(searcher.store, checked, k)
    for item, hits in known:
        if counts[item.label] == 1:
            continue
        voters = hits[: 2 * counts[item.label] - 3]
        predicted, margin = weighted_vote(str(item.label), voters)
        if predicted != item.label:
            issues.append(LabelIssue(item, predicted, margin, tuple(voters)))
    issues.sort(key=lambda issue: (-issue.margin, issue.neighbours[0].distance, issue.item.id))
    single = len(items) - counts[None] - len(checked)
    return LabelIssues(
        k,
        len(checked),
        counts[None],
        single,
        tuple(issues),
        StoreThumbnails(searcher.store),
        is_trained_on_labels(searcher.store.embedding),
    )


def _known_neighbours(
    items: Sequence[Item], k: int, neighbours: Neighbours | None
) -> Iterator[tuple[Item, list[Hit]]] | None:
    """Return each item with its neighbours, None if these are not the k nearest labelled ones of these items."""
    if neighbours is None or any(item.label is None for item in items):
        return None
    if neighbours.ids.tolist() != [item.id for item in items] or neighbours.distances.shape[1] != min(
        k, len(items) - 1
    ):
        return None
    rows = np.searchsorted(neighbours.ids, neighbours.neighbours).tolist()
    return (
        (
            item,
            [
                Hit(rank, other.id, other.key, other.label, distance, other.metadata)
                for rank, (other, distance) in enumerate(
                    zip((items[at] for at in row), distances, strict=True), start=1
                )
            ],
        )
        for item, row, distances in zip(items, rows, neighbours.distances.tolist(), strict=True)
    )


def _neighbours(store: Store, items: Sequence[Item], k: int) -> Iterator[tuple[Item, list[Hit]]]:
    """Yield each item with its k nearest labelled neighbours, itself excluded."""
    query = Query.checked(k, where={"label": {"exists": True}})
    for start in range(0, len(items), _BATCH):
        yield from zip(*store.search_by_id([item.id for item in items[start : start + _BATCH]], query), strict=True)


def weighted_vote(label: str, neighbours: Sequence[Hit]) -> tuple[str, float]:
    """Return the label with the most votes, and its share of the votes minus that of the item's own `label`.

    Weights fall linearly with the distance, from 1 for the nearest neighbour to 1/2 for the farthest; at equal
    distances all are 1. A tie goes to `label` if it is among the tied ones, otherwise to that of the nearest neighbour.
    """
    nearest, farthest = neighbours[0].distance, neighbours[-1].distance
    votes: dict[str, float] = {}
    for hit in neighbours:
        weight = 1 - (hit.distance - nearest) / (farthest - nearest) / 2 if farthest > nearest else 1.0
        votes[str(hit.label)] = votes.get(str(hit.label), 0.0) + weight
    # max returns the first of equals, and neighbours come nearest first.
    winner = max(votes, key=votes.__getitem__)
    own = votes.get(label, 0.0)
    if votes[winner] <= own:
        return label, 0.0
    return winner, (votes[winner] - own) / sum(votes.values())
