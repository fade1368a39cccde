"""A writer's work, the same each time: its steps, and what a store must hold after each of them.

An item's label is the start of the sha256 of its vector without signs, so a label that is returned with another vector
shows at once. A renewal turns the signs of all vectors, so that one from before it shows too.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage import Embedding, NewItem, Store

DIM = 8
EMBEDDING = Embedding(DIM, "f" * 64, {"made": "by hand"}, {"head": np.arange(DIM, dtype=np.float32)})

#: The embedding after the renewal.
RENEWED = Embedding(DIM, "e" * 64, {"made": "by hand, renewed"}, {"head": -np.arange(DIM, dtype=np.float32)})

#: A store's items by id: the key and the bytes of the vector, (DIM,) float32. The label follows from the vector.
StoredItems = dict[int, tuple[str, bytes]]


@dataclass(frozen=True)
class Step:
    """One acknowledged piece of work, and the items and the embedding's fingerprint that a store holds after it."""

    name: str
    run: Callable[[Store], object]
    expected: StoredItems
    fingerprint: str


def label_of(vector: bytes) -> str:
    """Return the only label that an item with this vector may have."""
    return hashlib.sha256(_without_signs(vector)).hexdigest()[:16]


def _without_signs(vector: bytes) -> bytes:
    """Return a vector with all sign bits cleared; they are in every fourth byte of little-endian float32."""
    unsigned = np.frombuffer(vector, np.uint8).copy()
    unsigned[3::4] &= 0x7F
    return unsigned.tobytes()


#: The names of the steps that change the stored items.
CHANGING = ("append", "delete", "renew")


def steps(seed: int = 0) -> list[Step]:
    """Return the work after the store is created: appends, replacements, deletions, a renewal, publications, ..."""
    generator = np.random.default_rng(seed)
    planned: list[Step] = []
    stored: StoredItems = {}
    next_id = 0
    embedding = EMBEDDING

    def plan(name: str, run: Callable[[Store], object]) -> None:
        planned.append(Step(name, run, stored, embedding.fingerprint))

    def append(keys: list[str]) -> None:
        nonlocal next_id, stored
        vectors = generator.standard_normal((len(keys), DIM)).astype(np.float32)
        metadata = {"step": len(planned)}
        items = [
            NewItem(key, hashlib.sha256(vector.tobytes()).digest(), label_of(vector.tobytes()), metadata, b"png")
            for key, vector in zip(keys, vectors, strict=True)
        ]
        others = {id: item for id, item in stored.items() if item[0] not in set(keys)}
        new = {next_id + row: (key, vectors[row].tobytes()) for row, key in enumerate(keys)}
        next_id += len(keys)
        stored = others | new
        plan("append", lambda store: store.append(items, vectors))

    def delete(count: int) -> None:
        nonlocal stored
        ids = sorted(generator.choice(sorted(stored), count, replace=False).tolist())
        stored = {id: item for id, item in stored.items() if id not in ids}
        plan("delete", lambda store: store.delete(ids=ids))

    def publish() -> None:
        plan("publish", lambda store: store.publish())

    def compact() -> None:
        plan("compact", lambda store: store.compact())

    def renew() -> None:
        nonlocal next_id, stored, embedding
        stored = {
            next_id + row: (key, (-np.frombuffer(vector, np.float32)).tobytes())
            for row, (_, (key, vector)) in enumerate(sorted(stored.items()))
        }
        next_id += len(stored)
        embedding = RENEWED
        plan("renew", _change_over)
        plan("publish", _finish_renewal)

    append([f"a{number}" for number in range(40)])
    append([f"b{number}" for number in range(25)])
    publish()
    append([f"c{number}" for number in range(10)] + [f"a{number}" for number in range(5)])
    delete(7)
    publish()
    append([f"d{number}" for number in range(30)])
    renew()
    append([f"a{number}" for number in range(3, 9)])
    compact()
    delete(3)
    append([f"e{number}" for number in range(12)])
    publish()
    return planned


def _change_over(store: Store) -> None:
    """Stage the items' vectors with their signs turned, half of them at a time, and change over to them."""
    staged = store.open_renewal()
    if staged is None:
        store.remove_renewal()
        staged = store.create_renewal(RENEWED)
    items = store.items()
    vectors = -store.vectors([item.id for item in items])
    half = len(items) // 2
    with staged:
        for part in (slice(half), slice(half, None)):
            staged.append([NewItem(item.key, item.content, thumbnail=b"png") for item in items[part]], vectors[part])
        store.change_over(staged)


def _finish_renewal(store: Store) -> None:
    store.publish()
    store.remove_renewal()


def work(folder: Path, acknowledge: Callable[[int], None], seed: int = 0) -> None:
    """Create the store or resume the work on it, up to the last step; acknowledge each step's number when it is done.

    0 is the creation. A step whose effect the store shows already is not done again.
    """
    with Store.open(folder, writing=True) if Store.exists_at(folder) else Store.create(folder, EMBEDDING) as store:
        acknowledge(0)
        planned = steps(seed)
        done = _last_done(stored_items(store), planned)
        for number, step in enumerate(planned, start=1):
            if number > done:
                step.run(store)
            acknowledge(number)


def _last_done(stored: StoredItems, planned: list[Step]) -> int:
    """Return the number of the last step that changed the items to what is stored now; 0 when none did."""
    changing = [number for number, step in enumerate(planned, start=1) if step.name in CHANGING]
    return next((number for number in changing if planned[number - 1].expected == stored), 0)


def stored_items(store: Store) -> StoredItems:
    """Return the items of an open store, every row's checksum verified."""
    items = store.items()
    vectors: NDArray[np.float32] = store.vectors([item.id for item in items])
    return {item.id: (item.key, vector.tobytes()) for item, vector in zip(items, vectors, strict=True)}
