"""Make a small store, change it from outside, and compare its answers with the right ones."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.durability.workload import EMBEDDING, StoredItems, label_of, steps
from storage import Store
from storage.errors import LookalikeError

#: How many of the steps are done: appends, a publication, replacements, a deletion.
_STEPS = 5


def make_store(folder: Path) -> StoredItems:
    """Make a store by the first steps of the work and return its items."""
    planned = steps()[:_STEPS]
    with Store.create(folder, EMBEDDING) as store:
        for step in planned:
            step.run(store)
    return planned[-1].expected


def sql(folder: Path, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run a statement on the catalog as another program would."""
    with closing(sqlite3.connect(folder / "catalog.sqlite", isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


def nearest_positions(vectors: NDArray[np.float32], query: NDArray[np.float32], k: int) -> list[int]:
    """Return the positions of the k nearest vectors, compared in float64, the first of equals first."""
    distances = np.linalg.norm(vectors.astype(np.float64) - query.astype(np.float64), axis=1)
    return [int(position) for position in np.argsort(distances, kind="stable")[:k]]


def wrong_neighbours(folder: Path, items: StoredItems, when: str, *, may_refuse: bool = False) -> list[str]:
    """Search for the neighbours of every item, and describe wrong answers; an error of ours is one, unless allowed."""
    ids = sorted(items)
    vectors = np.array([np.frombuffer(items[id][1], np.float32) for id in ids])
    expected = [[ids[position] for position in nearest_positions(vectors, query, 3)] for query in vectors]
    try:
        with Store.open(folder) as store:
            answers = store.nearest(vectors, 3)
    except LookalikeError as error:
        return [] if may_refuse else [f"{when}, it does not answer: {error}"]
    wrong_ids = [
        hit.id for hits in answers for hit in hits if hit.id not in items or hit.label != label_of(items[hit.id][1])
    ]
    if wrong_ids:
        return [f"{when}, item {id} has another item's label" for id in wrong_ids]
    return [] if [[hit.id for hit in hits] for hits in answers] == expected else [f"{when}, answers differ"]
