"""A small store whose query results are known by hand."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.embedding.recipes import Recipe
from ingest.job import ingest
from search.results import QueryResult
from search.searcher import Searcher
from storage import Hit, Item
from tests.toys import TOY, grey_source, toy_backbone

# No two items are equally far from a third.
LEVELS = {"black": 0, "dark": 51, "light": 153, "white": 204}
LABELS = {"black": "low", "dark": "low", "light": "high"}
SIZE = {"width": 8, "height": 8}


def grey_store(
    folder: Path,
    levels: dict[str, int] | None = None,
    labels: dict[str, str] | None = None,
    recipe: Recipe = TOY,
) -> Path:
    """Create a store of one-level images, by default LEVELS and LABELS, and return its folder."""
    source = grey_source(LEVELS, LABELS) if levels is None else grey_source(levels, labels)
    ingest(source, folder / "store", recipe=recipe, make_backbone=toy_backbone())
    return folder / "store"


def grey_searcher(folder: Path, levels: dict[str, int] | None = None, labels: dict[str, str] | None = None) -> Searcher:
    """Return an open searcher of such a store."""
    return Searcher.open(grey_store(folder, levels, labels), make_backbone=toy_backbone())


def hit(rank: int, key: str, distance: float) -> Hit:
    """Return the hit of an item of LEVELS, its distance compared to six decimals."""
    approximate: float = pytest.approx(distance, abs=1e-6)  # type: ignore[assignment]
    return Hit(rank, list(LEVELS).index(key), key, LABELS.get(key), approximate, SIZE)


def item(searcher: Searcher, key: str) -> Item:
    """Return a stored item."""
    return searcher.store.by_key(key)


#: All hits of each item.
NEIGHBOURS = {
    "black": (hit(1, "dark", 0.4), hit(2, "light", 1.2), hit(3, "white", 1.6)),
    "dark": (hit(1, "black", 0.4), hit(2, "light", 0.8), hit(3, "white", 1.2)),
    "light": (hit(1, "white", 0.4), hit(2, "dark", 0.8), hit(3, "black", 1.2)),
    "white": (hit(1, "light", 0.4), hit(2, "dark", 1.2), hit(3, "black", 1.6)),
}


def result(searcher: Searcher, key: str, k: int = 5) -> QueryResult:
    """Return the result of a query by a stored item."""
    return QueryResult(f"item {list(LEVELS).index(key)} ({key})", NEIGHBOURS[key][:k], item=item(searcher, key))


def batch(*results: QueryResult) -> Sequence[QueryResult]:
    """Return the results of a batch of queries."""
    return results
