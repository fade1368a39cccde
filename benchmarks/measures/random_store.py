"""A store of random vectors."""

from pathlib import Path

import numpy as np

from storage import Embedding, NewItem, Store

DIM = 128

#: Items appended at once.
_BATCH = 20_000


def random_store(size: int, folder: Path) -> Store:
    """Return an open store of random vectors with ten labels, and 0 to 99 as metadata `percent`."""
    generator = np.random.default_rng(size)
    store = Store.create(folder / "store", Embedding(DIM, "0" * 64, {"imported": "random"}))
    for start in range(0, size, _BATCH):
        numbers = range(start, min(start + _BATCH, size))
        items = [NewItem(f"{number}", bytes(32), str(number % 10), {"percent": number % 100}) for number in numbers]
        store.append(items, generator.standard_normal((len(numbers), DIM)).astype(np.float32))
    store.publish()
    return store
