"""Small stores whose hits are easily computed by hand.

The vector of item n is (2**n - 1, 0), so that no two items are equally far from a third.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage import BatchHits, Embedding, Hit, Item, NewItem, Store

EMBEDDING = Embedding(2, "f" * 64, {"made": "by hand"})


def line_vector(number: int) -> list[float]:
    """Return the vector of an item."""
    return [2.0**number - 1, 0.0]


def line_vectors(numbers: Sequence[int]) -> list[list[float]]:
    return [line_vector(number) for number in numbers]


def new_item(number: int) -> NewItem:
    """Return an item with its number in every field."""
    return NewItem(f"key {number}", content(number), f"label {number}", {"number": number}, f"png {number}".encode())


def new_items(numbers: Sequence[int]) -> list[NewItem]:
    return [new_item(number) for number in numbers]


def content(number: int) -> bytes:
    return hashlib.sha256(f"image {number}".encode()).digest()


def item(number: int, id: int | None = None) -> Item:
    """Return a stored item; its id is its number by default."""
    return Item(number if id is None else id, f"key {number}", f"label {number}", {"number": number}, content(number))


def hit(rank: int, number: int, distance: float, id: int | None = None) -> Hit:
    """Return the hit of an item; its id is its number by default."""
    stored = item(number, id)
    return Hit(rank, stored.id, stored.key, stored.label, distance, stored.metadata)


def pairs(answers: tuple[list[Item], BatchHits]) -> list[tuple[Item, list[Hit]]]:
    """Return each item that was searched with and its hits."""
    return list(zip(*answers, strict=True))


def line_store(folder: Path, count: int = 5, *, batch: int | None = None, published: bool = False) -> Path:
    """Create a store of items 0 to `count` - 1, in batches of a given size, and return its folder."""
    size = batch or max(count, 1)
    with Store.create(folder / "store", EMBEDDING) as store:
        for start in range(0, count, size):
            numbers = range(start, min(start + size, count))
            store.append(new_items(numbers), line_vectors(numbers))
        if published:
            store.publish()
    return folder / "store"


def oracle_items(vectors: NDArray[np.float32], first: int = 0) -> list[NewItem]:
    """Return items labelled with the start of their vectors' sha256, so that any mix-up of rows shows."""
    return [
        NewItem(f"key {first + offset}", bytes(32), label_of(vector), {"number": first + offset})
        for offset, vector in enumerate(vectors)
    ]


def label_of(vector: NDArray[np.float32]) -> str:
    return hashlib.sha256(np.ascontiguousarray(vector, "<f4").tobytes()).hexdigest()[:16]


def random_vectors(count: int, dim: int, seed: int = 1) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)


def sql(folder: Path, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run a statement on a store's catalog with sqlite3, and return its rows."""
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as connection:
        rows = connection.execute(statement, values).fetchall()
        connection.commit()
    return rows


def files(folder: Path) -> dict[str, bytes]:
    """Return the contents of every file below a folder, by relative path."""
    return {path: data for path, data in tree(folder).items() if data is not None}


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return the contents of every file below a folder, and None for every folder, by relative path."""
    paths = sorted(folder.rglob("*"))
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in paths}
