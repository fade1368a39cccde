"""Find label issues: items whose label their nearest labelled neighbours do not share.

Each item is excluded from its own vote (leave-one-out), as in the editing rule of Wilson, "Asymptotic properties of
nearest neighbor rules using edited data", 1972. `label_votes.py` counts the votes, and `vote_trial.py` tries what they
are worth.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from ingest.embedding.recipes.recipe import is_trained_on_labels
from search.curation.vote_trial import Neighbourhoods, VoteTrial, try_votes
from search.explorer_page import FILE, ExplorerPage, explore_result
from search.notebook import MAX_STRIPS, html_strip, html_strips, html_title
from search.results import identity, plain_text, query_name
from search.searcher import Searcher
from search.store_thumbnails import StoreThumbnails, Thumbnails, no_thumbnails
from storage import Hit, Item, Neighbours, Store
from storage.console import printable, right_aligned
from storage.memory.batch_hits import BatchHits
from storage.types.query import Query

#: Queries of one search.
_BATCH = 1024

#: Rows of the table; --json prints all issues.
_TABLE_ROWS = 50

#: By default so many neighbours vote: of 10, 20 and 30, most moved labels are found first with 20.
DEFAULT_VOTERS = 20


@dataclass(frozen=True)
class LabelIssue:
    """An item, the label that its neighbours predict, the margin of the vote, and the neighbours that voted.

    `margin` is the predicted label's share of the votes minus that of the item's own label: above 0, at most 1.
    `confidence` is the share of labels that are wrong where the vote is so clear, by the store's `VoteTrial`, if there
    was one.
    """

    item: Item
    predicted_label: str
    margin: float
    neighbours: tuple[Hit, ...]
    confidence: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the issue as JSON."""
        return identity(self.item) | {
            "said": self.predicted_label,
            "sure": self.margin,
            "confidence": self.confidence,
            "neighbours": [identity(hit) | {"distance": hit.distance} for hit in self.neighbours],
        }


@dataclass(frozen=True)
class LabelIssues:
    """The label issues of a store, the clearest first, and the numbers of items that were and were not checked.

    Not checked are `unlabelled` items, and `single` ones, which are the only item of their label. `trained_on_labels`
    says that the vectors were made by a head that was trained on the labels, which hides wrong ones. `trial` says what
    votes are worth in this store, None if it has too few items to try it. `total` counts the issues before a `cut`.
    """

    k: int
    checked: int
    unlabelled: int
    single: int
    issues: tuple[LabelIssue, ...]
    thumbnails: Thumbnails = field(default=no_thumbnails, repr=False, compare=False)
    trained_on_labels: bool = False
    trial: VoteTrial | None = field(default=None, compare=False)
    total: int | None = None

    @property
    def expected_precision(self) -> float | None:
        """Return the share of the issues that are wrong labels, if as many are as the trial takes to be."""
        confidences = [issue.confidence for issue in self.issues if issue.confidence is not None]
        return sum(confidences) / len(confidences) if confidences else None

    def cut(self, min_precision: float = 0.0, limit: int | None = None) -> "LabelIssues":
        """Return the clearest issues: at most `limit`, and no more than keep the expected precision.

        Without a trial nothing is known of the precision, and only `limit` counts.
        """
        shown = list(self.issues[:limit])
        total = 0.0
        for number, issue in enumerate(shown, start=1):
            total += 1.0 if issue.confidence is None else issue.confidence
            if total < min_precision * number:
                shown = shown[: number - 1]
                break
        return replace(self, issues=tuple(shown), total=len(self.issues) if self.total is None else self.total)

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

    def explore(self, out: str | Path = FILE, *, force: bool = False) -> ExplorerPage:
        """Write a page of the store that opens on the label issues, as `search.explore` does; raise StoreClosed."""
        return explore_result(self, self.thumbnails, out, force=force)

    def as_json(self) -> dict[str, Any]:
        """Return the issues as JSON."""
        return {
            "k": self.k,
            "judged": self.checked,
            "unlabelled": self.unlabelled,
            "single": self.single,
            "trained_on_labels": self.trained_on_labels,
            "total": len(self.issues) if self.total is None else self.total,
            "expected_precision": self.expected_precision,
            "trial": None if self.trial is None else self.trial.as_json(),
            "suspects": [issue.as_json() for issue in self.issues],
        }

    def summary(self) -> str:
        """Return a line with the counts."""
        unchecked = [f"{self.unlabelled:,} without a label"] * bool(self.unlabelled)
        unchecked += [f"{self.single:,} alone with their label"] * bool(self.single)
        note = f" (not checked: {', '.join(unchecked)})" if unchecked else ""
        total = len(self.issues) if self.total is None else self.total
        counts = f"{total:,} of {self.checked:,} items have another label than their neighbours{note}"
        if total and not self.issues:
            return f"{counts}; none of them is sure enough: --min-precision 0 lists all"
        shown = f"; the {len(self.issues):,} clearest" if len(self.issues) < total else ""
        if self.expected_precision is not None:
            wrong = 0.0 if self.trial is None else self.trial.wrong_share
            shown += f"; if {wrong:.1%} of all labels are wrong, {self.expected_precision:.0%} of these are"
        more = f"; the first {_TABLE_ROWS}:" if len(self.issues) > _TABLE_ROWS else ""
        return counts + shown + more

    def table(self) -> Table:
        """Return the clearest issues as a table to print."""
        table = Table(*right_aligned("sure", "margin"), "label", "predicted", *right_aligned("id"), "key")
        for issue in self.issues[:_TABLE_ROWS]:
            item = issue.item
            sure = "-" if issue.confidence is None else f"{issue.confidence:.0%}"
            cells = (sure, f"{issue.margin:.2f}", item.label or "", issue.predicted_label, str(item.id), item.key)
            table.add_row(*(Text(printable(cell)) for cell in cells))
        return table


def find_label_issues(
    searcher: Searcher, k: int = DEFAULT_VOTERS, *, neighbours: Neighbours | None = None
) -> LabelIssues:
    """Return the items whose label loses the weighted vote of their k nearest labelled neighbours, the clearest first.

    `neighbours` are those of `neighbours_of_all` if they are known: where every item has a label, none is searched for
    again. For a label of m items at most 2(m - 1) - 1 neighbours vote. Raise InvalidQuery for k below 1.
    """
    items = searcher.store.items()
    counts = Counter(item.label for item in items)
    checked = [item for item in items if item.label is not None and counts[item.label] > 1]
    alone = [item for item in items if item.label is not None and counts[item.label] == 1]
    names = sorted({str(item.label) for item in (*checked, *alone)})
    if neighbours is not None and _are_known(items, k, neighbours):
        neighbourhoods = _known_neighbourhoods(checked, alone, names, neighbours)
        hits_of = partial(_known_hits, neighbourhoods, [*checked, *alone])
    else:
        hits = list(_hits(searcher.store, checked, k))
        neighbourhoods = _neighbourhoods(checked, alone, names, hits, k)
        hits_of = partial(_searched_hits, hits)
    votes = neighbourhoods.votes(neighbourhoods.labels)
    trial = try_votes(neighbourhoods)
    against = np.flatnonzero(votes.predicted != neighbourhoods.own)
    confidences = None if trial is None else dict(zip(against, trial.confidence(votes.evidence[against]), strict=True))
    voters = neighbourhoods.voters
    nearest = neighbourhoods.distances[:, 0] if checked else np.empty(0)
    issues = [
        LabelIssue(
            checked[index],
            names[votes.predicted[index]],
            float(votes.margin[index]),
            tuple(hits_of(index)[: voters[index]]),
            None if confidences is None else float(confidences[index]),
        )
        for index in against[np.lexsort((against, nearest[against], -votes.evidence[against]))]
    ]
    return LabelIssues(
        k,
        len(checked),
        counts[None],
        len(alone),
        tuple(issues),
        StoreThumbnails(searcher.store),
        is_trained_on_labels(searcher.store.embedding),
        trial,
    )


def _hits(store: Store, items: Sequence[Item], k: int) -> Iterator[BatchHits]:
    """Yield the k nearest labelled neighbours of items, themselves excluded, `_BATCH` items at a time."""
    query = Query.checked(k, where={"label": {"exists": True}})
    for start in range(0, len(items), _BATCH):
        yield store.search_by_id([item.id for item in items[start : start + _BATCH]], query)[1]


def _searched_hits(hits: Sequence[BatchHits], index: int) -> list[Hit]:
    return hits[index // _BATCH][index % _BATCH]


def _are_known(items: Sequence[Item], k: int, neighbours: Neighbours) -> bool:
    """Return whether neighbours are the k nearest labelled ones of these items."""
    return (
        all(item.label is not None for item in items)
        and neighbours.ids.tolist() == [item.id for item in items]
        and neighbours.distances.shape[1] == min(k, len(items) - 1)
    )


def _known_neighbourhoods(
    checked: Sequence[Item], alone: Sequence[Item], names: Sequence[str], known: Neighbours
) -> Neighbourhoods:
    """Return the neighbours of the checked items as arrays, of neighbours that are known."""
    labels, ids, order = _labelled(checked, alone, names)
    rows = np.searchsorted(known.ids, ids[: len(checked)])
    positions = order[np.searchsorted(ids, known.neighbours[rows], sorter=order)]
    counts = np.full(len(checked), known.distances.shape[1], np.int64)
    return Neighbourhoods(labels[: len(checked)], positions, known.distances[rows], labels, counts)


def _known_hits(neighbourhoods: Neighbourhoods, labelled: Sequence[Item], index: int) -> list[Hit]:
    pairs = zip(neighbourhoods.neighbours[index].tolist(), neighbourhoods.distances[index].tolist(), strict=True)
    others = ((labelled[position], distance) for position, distance in pairs)
    return [
        Hit(rank, other.id, other.key, other.label, distance, other.metadata)
        for rank, (other, distance) in enumerate(others, start=1)
    ]


def _labelled(
    checked: Sequence[Item], alone: Sequence[Item], names: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the labels' numbers and the ids of all labelled items, the checked ones first, and the ids' order."""
    numbers = {name: number for number, name in enumerate(names)}
    labelled = [*checked, *alone]
    labels = np.array([numbers[str(item.label)] for item in labelled], np.int64)
    ids = np.array([item.id for item in labelled], np.int64)
    return labels, ids, np.argsort(ids)


def _neighbourhoods(
    checked: Sequence[Item], alone: Sequence[Item], names: Sequence[str], hits: Sequence[BatchHits], k: int
) -> Neighbourhoods:
    """Return the neighbours of the checked items as arrays."""
    labels, ids, order = _labelled(checked, alone, names)
    width = min(k, max(len(labels) - 1, 1))
    neighbours = np.zeros((len(checked), width), np.int64)
    distances = np.zeros((len(checked), width))
    counts = np.zeros(len(checked), np.int64)
    for number, batch in enumerate(hits):
        for index, count in enumerate(batch.counts.tolist()):
            row, part = number * _BATCH + index, slice(*batch.offsets[index : index + 2].tolist())
            counts[row] = count
            neighbours[row, :count] = order[np.searchsorted(ids, batch.ids[part], sorter=order)]
            distances[row, :count] = batch.distances[part]
    return Neighbourhoods(labels[: len(checked)], neighbours, distances, labels, counts)
