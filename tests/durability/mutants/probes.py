"""Make a small store, and compare its answers with the right ones."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.durability.workload import EMBEDDING, StoredItems, label_of, steps
from storage import Store
from storage.errors import LookalikeError


def make_store(folder: Path, count: int = 5) -> StoredItems:
    """Make a store by the first steps of the work and return its items.

    The first two are appends; a publication, replacements and a deletion follow.
    """
    planned = steps()[:count]
    with Store.create(folder, EMBEDDING) as store:
        for step in planned:
            step.run(store)
    return planned[-1].expected


def nearest_positions(vectors: NDArray[np.float32], query: NDArray[np.float32], k: int) -> list[int]:
    """Return the positions of the k nearest vectors, compared in float64, the first of equals first."""
    distances = np.linalg.norm(vectors.astype(np.float64) - query.astype(np.float64), axis=1)
    return [int(position) for position in np.argsort(distances, kind="stable")[:k]]


def wrong_neighbours(folder: Path, items: StoredItems, when: str, *, may_refuse: bool = False) -> list[str]:
    """Search for the neighbours of every item, and describe wrong answers.

    An error of ours is a wrong answer unless `may_refuse`.
    """
    ids = sorted(items)
    vectors = np.array([np.frombuffer(items[id][1], np.float32) for id in ids])
    expected = [[ids[position] for position in nearest_positions(vectors, query, 3)] for query in vectors]
    try:
        with Store.open(folder) as store:
            answers = store.nearest(vectors, 3)
    except LookalikeError as error:
        return [] if may_refuse else [f"{when}, it does not answer: {error}"]
    labels = {id: label_of(vector) for id, (_, vector) in items.items()}
    if wrong := [hit.id for hits in answers for hit in hits if labels.get(hit.id) != hit.label]:
        return [f"{when}, item {id} has another item's label" for id in wrong]
    return [] if [[hit.id for hit in hits] for hits in answers] == expected else [f"{when}, answers differ"]
