"""Measure which of labels that were moved at random are found first, beside cleanlab's label issues.

Both get the same vectors. cleanlab is asked as its Datalab asks itself when it is given features: probabilities are
the shares of the 10 nearest neighbours' labels, the item itself left out, and `label_quality` ranks the items
(`cleanlab/datalab/internal/issue_manager/label.py`, 2.9).
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from sklearn.metrics import average_precision_score
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.errors import UnfitForBenchmark
from search import Searcher
from search.curation.label_issues import find_label_issues
from search.curation.vote_trial import LEAST_ITEMS
from storage import NewItem, Store
from storage.console import right_aligned

#: The share of the labels that is moved.
MOVED_SHARE = 0.05

#: The neighbours whose labels are cleanlab's probabilities, its default.
_CLEANLAB_NEIGHBOURS = 10

_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Ranking:
    """How well a ranking of items finds the moved labels, as means over all draws.

    `precision_first` is the share of moved labels among as many items as were moved, `average_precision` the area
    under the precision-recall curve.
    """

    precision_first: float
    average_precision: float


@dataclass(frozen=True)
class MovedLabels:
    """How moved labels of a collection are found; `cleanlab` is None where it is not installed.

    `expected_precision` is what Lookalike says of the issues that it lists by default, and `listed_precision` the share
    of these that were moved; both are means over the draws.
    """

    source: str
    items: int
    labels: int
    moved: int
    draws: int
    lookalike: Ranking
    cleanlab: Ranking | None
    expected_precision: float
    listed_precision: float


def measure_moved_labels(searcher: Searcher, source: str, *, draws: int = 5, seed: int = 0) -> MovedLabels:
    """Move labels of a store's items several times, and find them; raise UnfitForBenchmark for too few of them."""
    items = [item for item in searcher.store.items() if item.label is not None]
    names, labels = np.unique([str(item.label) for item in items], return_inverse=True)
    if len(items) < LEAST_ITEMS or len(names) < 2:
        raise UnfitForBenchmark(
            f"expected at least {LEAST_ITEMS} items with 2 labels to move, got {len(items)} with {len(names)}: name a "
            "larger source"
        )
    vectors = searcher.store.vectors([item.id for item in items])
    moved_count = round(MOVED_SHARE * len(items))
    ours: list[Ranking] = []
    theirs: list[Ranking] = []
    expected: list[float] = []
    listed: list[float] = []
    for draw in range(draws):
        generator = np.random.default_rng([seed, draw])
        is_moved = np.zeros(len(items), np.bool_)
        is_moved[generator.choice(len(items), moved_count, replace=False)] = True
        given = labels.copy()
        given[is_moved] = (labels[is_moved] + generator.integers(1, len(names), moved_count)) % len(names)
        with tempfile.TemporaryDirectory(prefix="lookalike-") as folder:
            with Store.create(Path(folder, "store"), searcher.store.embedding) as store:
                store.append(
                    [
                        NewItem(item.key, item.content, str(names[label]), item.metadata, b"", None)
                        for item, label in zip(items, given, strict=True)
                    ],
                    vectors,
                )
            with Searcher.open(Path(folder, "store")) as relabelled:
                issues = find_label_issues(relabelled)
        order = [issue.item.id for issue in issues.issues]
        scores = np.zeros(len(items))
        scores[order] = np.arange(len(order), 0, -1)
        ours.append(_ranking(scores, is_moved))
        shown = issues.cut(0.5)
        expected.append(shown.expected_precision or 0.0)
        listed.append(float(np.mean([is_moved[issue.item.id] for issue in shown.issues])) if shown.issues else 0.0)
        if find_spec("cleanlab") is not None:
            theirs.append(_ranking(_cleanlab_scores(vectors, given), is_moved))
    return MovedLabels(
        source,
        len(items),
        len(names),
        moved_count,
        draws,
        _mean(ours),
        _mean(theirs) if theirs else None,
        float(np.mean(expected)),
        float(np.mean(listed)),
    )


def _cleanlab_scores(vectors: NDArray[np.float32], labels: _Integers) -> _Floats:
    """Return how surely cleanlab takes each label to be wrong, (n,)."""
    from cleanlab.classification import CleanLearning

    neighbours = _CLEANLAB_NEIGHBOURS
    shares = KNeighborsClassifier(n_neighbors=neighbours + 1).fit(vectors, labels).predict_proba(vectors)
    shares[np.arange(len(labels)), labels] -= 1 / (neighbours + 1)
    issues = CleanLearning(verbose=False).find_label_issues(
        labels=labels, pred_probs=np.clip(shares * (neighbours + 1) / neighbours, 0, 1)
    )
    return 1 - np.asarray(issues["label_quality"], np.float64)


def _ranking(scores: _Floats, is_moved: NDArray[np.bool_]) -> Ranking:
    first = np.argsort(-scores, kind="stable")[: np.count_nonzero(is_moved)]
    return Ranking(float(is_moved[first].mean()), float(average_precision_score(is_moved, scores)))


def _mean(rankings: Sequence[Ranking]) -> Ranking:
    return Ranking(
        float(np.mean([ranking.precision_first for ranking in rankings])),
        float(np.mean([ranking.average_precision for ranking in rankings])),
    )


def table_of(measured: Sequence[MovedLabels]) -> Table:
    """Return the rankings as a table to print."""
    columns = ("items", "labels", "moved", "first 5 %", "AP", "cleanlab: first 5 %", "AP", "expected", "listed")
    table = Table("", *right_aligned(*columns), title="Moved labels found", title_justify="left")
    for row in measured:
        theirs = ("-", "-") if row.cleanlab is None else _cells(row.cleanlab)
        counts = (f"{row.items:,}", f"{row.labels:,}", f"{row.moved:,} x {row.draws}")
        shares = (f"{row.expected_precision:.3f}", f"{row.listed_precision:.3f}")
        table.add_row(row.source, *counts, *_cells(row.lookalike), *theirs, *shares)
    return table


def _cells(ranking: Ranking) -> tuple[str, str]:
    return f"{ranking.precision_first:.3f}", f"{ranking.average_precision:.3f}"
