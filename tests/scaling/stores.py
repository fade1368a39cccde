"""A small store to create in a folder and on servers, and queries of every kind."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from storage import Embedding, Hit, NewItem, Store
from storage.types.where import Where
from tests.storage.stores import random_vectors

DIM = 16
EMBEDDING = Embedding(DIM, "f" * 64, {"made": "by hand"})
VECTORS = random_vectors(2000, DIM)


def items(numbers: Sequence[int]) -> list[NewItem]:
    """Return items with few labels, some without one, and metadata of every type."""
    return [
        NewItem(
            f"key {number}",
            bytes([number % 256]) * 32,
            None if number % 7 == 0 else f"label {number % 7} é\"'\\",
            {"number": number, "half": number / 2, "even": number % 2 == 0, "name": f"n{number}", "nothing": None},
            f"png {number}".encode(),
        )
        for number in numbers
    ]


def fill(store: Store, first: int, last: int, batch: int = 100, shift: float = 0.0) -> None:
    """Append the items from `first` to before `last` in batches."""
    for start in range(first, last, batch):
        numbers = range(start, min(start + batch, last))
        store.append(items(numbers), VECTORS[numbers.start : numbers.stop] + np.float32(shift))


def folder_store(folder: Path, count: int) -> Path:
    """Create a store of the first items in a folder."""
    with Store.create(folder, EMBEDDING) as store:
        fill(store, 0, count)
        store.publish()
    return folder


FILTERS: list[Where | None] = [
    None,
    {"label": "label 3 é\"'\\"},
    {"label": None},
    {"label": {"!=": "label 3 é\"'\\"}},
    {"label": {"exists": False}},
    {"label": ["label 1 é\"'\\", None], "key": {"!=": ["key 8", "key 15"]}},
    {"key": ["key 3", "key 300", "no such key"]},
    {"key": {">=": "key 5", "<": "key 6"}},
    {"id": {"<": 50}},
    {"number": {">=": 100, "<": 150.5}},
    {"number": [3, 5.0, "7"]},
    {"half": 2.5},
    {"even": True, "label": {"exists": True}},
    {"name": {"<=": "n2"}},
    {"nothing": None},
    {"number": {"exists": True}},
]


def answers(store: Store) -> list[list[list[Hit]]]:
    """Return a store's hits for queries of every kind."""
    queries = random_vectors(5, DIM, seed=5)
    answers = [store.nearest(queries, 7, where=where) for where in FILTERS]
    answers += [store.within(queries, 4.0, where=where) for where in FILTERS]
    ids = store.ids()[:40].tolist()
    answers.append(store.nearest(store.vectors(ids), 3, exclude=[[id] for id in ids]))
    answers.append(store.nearest(queries, len(store) + 10))
    return [list(hits) for hits in answers]
