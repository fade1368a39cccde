"""Make a small store, change it from outside, and compare its answers with what they must be."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.durability.workload import EMBEDDING, Held, label_of, steps
from storage import Store
from storage.errors import LookalikeError

#: How many of the steps are done first: appends, a publication, replacements, a deletion.
_BEGUN = 5


def begun(folder: Path) -> Held:
    """Make a store by the first steps of the work and return what it holds."""
    planned = steps()[:_BEGUN]
    with Store.create(folder, EMBEDDING) as store:
        for step in planned:
            step.run(store)
    return planned[-1].held


def sql(folder: Path, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run a statement on the catalog as another program would."""
    with closing(sqlite3.connect(folder / "catalog.sqlite", isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


def nearest_to(vectors: NDArray[np.float32], query: NDArray[np.float32], k: int) -> list[int]:
    """Return the positions of the k nearest vectors, compared in float64, the first of equals first."""
    distances = np.linalg.norm(vectors.astype(np.float64) - query.astype(np.float64), axis=1)
    return [int(position) for position in np.argsort(distances, kind="stable")[:k]]


def differing(folder: Path, held: Held, when: str, *, refused: bool = False) -> list[str]:
    """Ask for the neighbours of every item that is held and tell what differs; to refuse is right only if told so."""
    ids = sorted(held)
    vectors = np.array([np.frombuffer(held[id][1], np.float32) for id in ids])
    expected = [[ids[position] for position in nearest_to(vectors, query, 3)] for query in vectors]
    try:
        with Store.open(folder) as store:
            answers = store.nearest(vectors, 3)
    except LookalikeError as error:
        return [] if refused else [f"{when}, it does not answer: {error}"]
    wrong = [hit.id for hits in answers for hit in hits if hit.id not in held or hit.label != label_of(held[hit.id][1])]
    lines = [f"{when}, item {id} has another item's label" for id in wrong]
    return lines or ([] if [[hit.id for hit in hits] for hits in answers] == expected else [f"{when}, answers differ"])
