"""A store with an older and a newer index file, and rows that came later."""

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
    """Create a store with index files of 40 items and of 70 less two deleted ones, then append 30 and delete one."""
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


def index_files(folder: Path, suffix: str = ".faiss") -> list[Path]:
    """Return the index files, or those of columns, newest first."""
    return sorted((folder / "index").glob(f"g-*{suffix}"), reverse=True)


def answers(folder: Path) -> list[list[Hit]]:
    """Open a store and return the hits of `QUERIES`; assert that every label is its vector's."""
    with Store.open(folder) as store:
        answers = store.nearest(QUERIES, 7)
        hits = [hit for answer in answers for hit in answer]
        labels = [label_of(vector) for vector in store.vectors([hit.id for hit in hits])]
        assert [hit.label for hit in hits] == labels
        return list(answers)


def fixed_name_vectors(folder: Path) -> NDArray[np.float32]:
    """Return the vectors of `index.faiss` as FAISS reads them."""
    index = faiss.read_index(str(folder / "index.faiss"))
    return np.asarray(index.reconstruct_n(0, index.ntotal), np.float32)
