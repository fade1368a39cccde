"""Small stores to measure."""

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from storage import Embedding, NewItem, Store


def store_of(folder: Path, vectors: ArrayLike) -> Store:
    """Return an open store of these vectors, (n, dim), labelled with their positions."""
    rows = np.asarray(vectors, np.float32)
    store = Store.create(folder / "store", Embedding(rows.shape[1], "f" * 64))
    store.append([NewItem(f"item {position}", b"content", str(position)) for position in range(len(rows))], rows)
    return store
