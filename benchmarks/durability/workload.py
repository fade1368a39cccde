"""A writer's work, the same each time: its steps, and what a store must hold after each of them.

An item's label is the start of the sha256 of its vector without signs, so a label that is returned with another vector
shows at once. A renewal turns the signs of all vectors, so that one from before it shows too.
"""

import hashlib
from collections.abc import Callable
from contextlib import nullcontext
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
CHANGING = ("append", "delete", "move", "renew")


def steps(seed: int = 0) -> list[Step]:
    """Return the work after the store is created: appends, replacements, deletions, moves, a renewal, ..."""
    plan = _Plan(seed)
    plan.append([f"a{number}" for number in range(40)])
    plan.append([f"b{number}" for number in range(25)])
    plan.publish()
    plan.append([f"c{number}" for number in range(10)] + [f"a{number}" for number in range(5)])
    plan.delete(7)
    plan.publish()
    plan.append([f"d{number}" for number in range(30)])
    plan.renew()
    plan.append([f"a{number}" for number in range(3, 9)])
    plan.compact()
    plan.delete(3)
    plan.move(6)
    plan.append([f"e{number}" for number in range(12)])
    plan.publish()
    return plan.steps


class _Plan:
    """Steps that are planned one after the other, with the items that the store holds after the last."""

    def __init__(self, seed: int) -> None:
        self.steps: list[Step] = []
        self._generator = np.random.default_rng(seed)
        self._stored: StoredItems = {}
        self._next_id = 0
        self._embedding = EMBEDDING

    def append(self, keys: list[str]) -> None:
        """Add items, which replace those of the same keys."""
        vectors = self._generator.standard_normal((len(keys), DIM)).astype(np.float32)
        items = [self._new_item(key, vector.tobytes()) for key, vector in zip(keys, vectors, strict=True)]
        others = {id: item for id, item in self._stored.items() if item[0] not in set(keys)}
        self._stored = others | self._with_ids([(key, vectors[row].tobytes()) for row, key in enumerate(keys)])
        self._add("append", lambda store: store.append(items, vectors))

    def delete(self, count: int) -> None:
        """Delete items."""
        ids = self._drawn(count)
        self._stored = {id: item for id, item in self._stored.items() if id not in ids}
        self._add("delete", lambda store: store.delete(ids=ids))

    def move(self, count: int) -> None:
        """Add items under new keys, with the vectors of others that are deleted in the same batch."""
        ids = self._drawn(count)
        moved = [(f"moved {self._stored[id][0]}", self._stored[id][1]) for id in ids]
        items = [self._new_item(key, vector) for key, vector in moved]
        vectors = np.array([np.frombuffer(vector, np.float32) for _, vector in moved])
        others = {id: item for id, item in self._stored.items() if id not in ids}
        self._stored = others | self._with_ids(moved)
        self._add("move", lambda store: store.append(items, vectors, delete=ids))

    def publish(self) -> None:
        """Write the index."""
        self._add("publish", lambda store: store.publish())

    def compact(self) -> None:
        """Remove the vectors of deleted items."""
        self._add("compact", lambda store: store.compact())

    def renew(self) -> None:
        """Change over to the same vectors with other signs."""
        renewed = [
            (key, (-np.frombuffer(vector, np.float32)).tobytes()) for _, (key, vector) in sorted(self._stored.items())
        ]
        self._stored = self._with_ids(renewed)
        self._embedding = RENEWED
        self._add("renew", _change_over)
        self._add("publish", _finish_renewal)

    def _add(self, name: str, run: Callable[[Store], object]) -> None:
        self.steps.append(Step(name, run, self._stored, self._embedding.fingerprint))

    def _drawn(self, count: int) -> list[int]:
        """Return the ids of some items, ascending."""
        drawn: list[int] = sorted(self._generator.choice(sorted(self._stored), count, replace=False).tolist())
        return drawn

    def _with_ids(self, items: list[tuple[str, bytes]]) -> StoredItems:
        """Return new items by the next free ids."""
        first = self._next_id
        self._next_id += len(items)
        return {first + row: item for row, item in enumerate(items)}

    def _new_item(self, key: str, vector: bytes) -> NewItem:
        content, metadata = hashlib.sha256(vector).digest(), {"step": len(self.steps)}
        return NewItem(key, content, label_of(vector), metadata, b"png", source_of(key))


def source_of(key: str) -> str:
    """Return the only source that an item of this key may have."""
    return f"folder:/{key[0]}"


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


def work(folder: Path, acknowledge: Callable[[int], None], seed: int = 0, *, closing: bool = True) -> None:
    """Create the store or resume the work on it, up to the last step; acknowledge each step's number when it is done.

    0 is the creation. A step whose effect the store shows already is not done again. Without `closing` the store is
    dropped at the end, or by an error.
    """
    store = Store.open(folder, writing=True) if Store.exists_at(folder) else Store.create(folder, EMBEDDING)
    with store if closing else nullcontext():
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
