"""A store whose items lie on three lines, with texts that a page must not take for markup."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage import Embedding, NewItem, Store
from tests.toys import grey, png

EMBEDDING = Embedding(3, "f" * 64, {"recipe": {"name": "lines"}})

#: Keys and labels as they may come from anywhere.
ODD_KEY = "<script>document.title = 'broken'</script>\"'&amp;\x1b[2J\u202e" + "long" * 600
ODD_LABEL = '<img src=x onerror="document.title = 1">'

COUNT = 60


def vectors(count: int = COUNT) -> NDArray[np.float32]:
    """Return vectors, (count, 3): the i-th is on the axis i % 3, at growing distances; no two pairs are equally far."""
    found = np.zeros((count, 3), np.float32)
    found[np.arange(count), np.arange(count) % 3] = 1 + np.arange(count) ** 1.5 / 100
    return found


def new_items(count: int = COUNT) -> list[NewItem]:
    """Return an item for each vector, labelled by its axis; number 4 has another label, 5 none, 6 and 7 odd texts."""
    notes = {2: 'a, "b"', 7: "letters" * 1_500}
    items = []
    for i in range(count):
        label = {4: "axis 2", 5: None, 7: ODD_LABEL}.get(i, f"axis {i % 3}")
        key = ODD_KEY if i == 6 else f"key {i}"
        metadata = {"number": i, "even": i % 2 == 0} | ({"note": notes[i]} if i in notes else {})
        thumbnail = None if i == 3 else png(np.dstack([grey(4 * i, 40)] * 3))
        items.append(NewItem(key, bytes(32), label, metadata, thumbnail))
    return items


def lines_store(folder: Path, count: int = COUNT) -> Path:
    """Create the store and return its folder."""
    with Store.create(folder / "lines", EMBEDDING) as store:
        store.append(new_items(count), vectors(count))
    return folder / "lines"


#: Items of each of four groups in the planted store.
_GROUP = 30


@dataclass(frozen=True)
class Planted:
    """A store of four groups of items, the keys of those with a moved label, and of those that are copies."""

    store: Path
    moved: frozenset[str]
    copies: frozenset[str]


def planted_store(folder: Path) -> Planted:
    """Create a store with five moved labels and ten near-duplicates, which come last."""
    random = np.random.default_rng(20)
    groups = np.repeat(np.arange(4), _GROUP)
    found = random.normal(0, 0.1, (4 * _GROUP, 8)) + np.eye(8)[groups]
    moved = {7, 31, 52, 77, 110}
    labels = [f"group {(group + (index in moved)) % 4}" for index, group in enumerate(groups.tolist())]
    items = [NewItem(f"pictures/{index}.png", bytes(32), label) for index, label in enumerate(labels)]
    originals = random.choice(sorted(set(range(4 * _GROUP)) - moved), 10, replace=False)
    copies = [NewItem(f"scans/{index}.png", bytes(32), labels[index]) for index in originals.tolist()]
    near = found[originals] + random.normal(0, 0.002, (10, 8))
    with Store.create(folder / "planted", Embedding(8, "e" * 64)) as store:
        store.append([*items, *copies], np.concatenate([found, near]).astype(np.float32))
    moved_keys = frozenset(f"pictures/{index}.png" for index in moved)
    return Planted(folder / "planted", moved_keys, frozenset(copy.key for copy in copies))
