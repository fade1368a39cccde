"""A writer's work, the same each time: its steps, and what a store must hold after any number of them.

An item's label is the start of its vector's sha256, so a label that comes back with another vector shows at once.
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

#: What a store holds: by id, an item's key and its vector's bytes. The label follows from the vector.
Held = dict[int, tuple[str, bytes]]


@dataclass(frozen=True)
class Step:
    """One acknowledged piece of work, and what the store holds after it."""

    name: str
    run: Callable[[Store], object]
    held: Held


def label_of(vector: bytes) -> str:
    """Return the only label that an item with this vector may have."""
    return hashlib.sha256(vector).hexdigest()[:16]


def steps(seed: int = 0) -> list[Step]:
    """Return the work after the store is created: appends, replacements, deletions, compactions and publications."""
    generator = np.random.default_rng(seed)
    made: list[Step] = []
    held: Held = {}
    next_id = 0

    def append(keys: list[str]) -> None:
        nonlocal next_id, held
        vectors = generator.standard_normal((len(keys), DIM)).astype(np.float32)
        items = [
            NewItem(
                key, hashlib.sha256(vector.tobytes()).digest(), label_of(vector.tobytes()), {"step": len(made)}, b"png"
            )
            for key, vector in zip(keys, vectors, strict=True)
        ]
        kept = {id: item for id, item in held.items() if item[0] not in set(keys)}
        new = {next_id + place: (key, vectors[place].tobytes()) for place, key in enumerate(keys)}
        next_id += len(keys)
        held = kept | new
        made.append(Step("append", lambda store: store.append(items, vectors), held))

    def delete(count: int) -> None:
        nonlocal held
        ids = sorted(generator.choice(sorted(held), count, replace=False).tolist())
        held = {id: item for id, item in held.items() if id not in ids}
        made.append(Step("delete", lambda store: store.delete(ids=ids), held))

    def publish() -> None:
        made.append(Step("publish", lambda store: store.publish(), held))

    def compact() -> None:
        made.append(Step("compact", lambda store: store.compact(), held))

    append([f"a{number}" for number in range(40)])
    append([f"b{number}" for number in range(25)])
    publish()
    append([f"c{number}" for number in range(10)] + [f"a{number}" for number in range(5)])
    delete(7)
    publish()
    append([f"d{number}" for number in range(30)])
    compact()
    delete(3)
    append([f"e{number}" for number in range(12)])
    publish()
    return made


def work(folder: Path, acknowledge: Callable[[int], None], seed: int = 0) -> None:
    """Create the store or go on where it was left, to the last step; acknowledge each step's number when it is done.

    0 is the creation. A step whose effect the store shows already is not done again.
    """
    with Store.open_or_create(folder, EMBEDDING) as store:
        acknowledge(0)
        planned = steps(seed)
        done = last_done(held_by(store), planned)
        for number, step in enumerate(planned, start=1):
            if number > done:
                step.run(store)
            acknowledge(number)


def last_done(held: Held, planned: list[Step]) -> int:
    """Return the number of the last step that changed what is held to what it is now; 0 when none did."""
    changing = [number for number, step in enumerate(planned, start=1) if step.name in ("append", "delete")]
    return next((number for number in changing if planned[number - 1].held == held), 0)


def held_by(store: Store) -> Held:
    """Return what an open store holds, every row's checksum verified."""
    items = store.items()
    vectors: NDArray[np.float32] = store.vectors([item.id for item in items])
    return {item.id: (item.key, vector.tobytes()) for item, vector in zip(items, vectors, strict=True)}


def wrong_with(folder: Path, acknowledged: int, seed: int = 0) -> list[str]:
    """Open a store as a reader does and return what is wrong with it; empty when nothing is.

    `acknowledged` is the last step whose acknowledgement was seen, -1 for none: the store must hold what that step
    or the one then under way leaves, whole, find it by its vectors, and give every item its own label.
    """
    planned = steps(seed)
    if not Store.exists_at(folder):
        return [] if acknowledged < 0 else ["the store is gone"]
    try:
        with Store.open(folder) as store:
            held = held_by(store)
            labels = {item.id: item.label for item in store.items()}
            ids, vectors = store.all_vectors()
            found = store.nearest(vectors, 1) if len(ids) else []
    except Exception as error:
        # Whatever a reader meets is a finding.
        return [f"it does not open or answer: {type(error).__name__}: {error}"]
    # Before the creation is acknowledged, nothing else can be under way.
    allowed = [{}, *(step.held for step in planned)][max(acknowledged, 0) : acknowledged + 2]
    wrong = []
    if held not in allowed:
        wrong.append(f"it holds {len(held)} items that are not those of step {acknowledged} or {acknowledged + 1}")
    wrong += [
        f"item {id} has another item's label" for id, (_, vector) in held.items() if labels[id] != label_of(vector)
    ]
    wrong += [
        f"item {id} is not found by its own vector"
        for id, hits in zip(ids.tolist(), found, strict=True)
        if (hits[0].id, hits[0].label) != (id, label_of(held[id][1]))
    ]
    return wrong


def trace_of(folder: Path) -> tuple[object, ...]:
    """Return all that must be the same in two stores with the same history: rows, chain, answers, and verification."""
    with Store.open(folder) as store:
        ids, vectors = store.all_vectors()
        return (
            held_by(store),
            store.items(),
            store.thumbnails(ids.tolist()),
            store.nearest(vectors, 5) if len(ids) else [],
            store.verify(),
        )
