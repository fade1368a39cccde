"""A store with index files: older ones, newer ones, and rows that came after them."""

from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from storage import Embedding, Hit, Store
from tests.storage.stores import label_of, oracle_items, random_vectors

DIM = 8
VECTORS = random_vectors(100, DIM)
QUERIES = np.concatenate((VECTORS[::9], random_vectors(20, DIM, seed=2)))


def published_store(folder: Path, *, seed: int = 1) -> Path:
    """Make a store of two generations, of 40 and of 70 items less two deleted ones, and of 30 items after them."""
    vectors = random_vectors(100, DIM, seed)
    with Store.create(folder, Embedding(DIM, "f" * 64)) as store:
        store.append(oracle_items(vectors[:40]), vectors[:40])
        store.publish()
        store.append(oracle_items(vectors[40:70], first=40), vectors[40:70])
        store.delete(ids=[3, 50])
        store.publish()
        store.append(oracle_items(vectors[70:], first=70), vectors[70:])
        store.delete(ids=[20])
    return folder


def index_files(folder: Path) -> list[Path]:
    """Return the generations' files, newest first."""
    return sorted((folder / "index").glob("g-*.faiss"), reverse=True)


def answers(folder: Path) -> list[list[Hit]]:
    """Return what a store answers that was just opened, every label proved to be its vector's."""
    with Store.open(folder) as store:
        hits = store.nearest(QUERIES, 7)
        found = [hit for some in hits for hit in some]
        labels = [label_of(vector) for vector in store.vectors([hit.id for hit in found])]
        assert [hit.label for hit in found] == labels
        return hits


def fixed_name_vectors(folder: Path) -> NDArray[np.float32]:
    """Return the vectors of `index.faiss` as FAISS reads them."""
    index = faiss.read_index(str(folder / "index.faiss"))
    return np.asarray(index.reconstruct_n(0, index.ntotal), np.float32)
