"""Index files of other types, with forged records: none is used, and searches use the rows instead."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from storage import Store
from storage.errors import StoreCorrupt
from tests.storage.stores import EMBEDDING, oracle_items, random_vectors, sql

COUNT = 64
VECTORS = random_vectors(COUNT, 2)


def filled(index: faiss.Index, vectors: NDArray[np.float32] = VECTORS) -> faiss.Index:
    index.train(vectors)
    index.add(vectors)
    return index


def filled_with_ids() -> faiss.Index:
    index = faiss.IndexIDMap2(faiss.IndexFlatL2(2))
    index.add_with_ids(VECTORS, np.arange(COUNT)[::-1].copy())
    return index


BUILD: dict[str, Callable[[], faiss.Index]] = {
    "inner products": lambda: filled(faiss.IndexFlatIP(2)),
    "another metric": lambda: filled(faiss.IndexFlat(2, faiss.METRIC_L1)),
    "ids": filled_with_ids,
    "inverted lists": lambda: filled(faiss.IndexIVFFlat(faiss.IndexFlatL2(2), 2, 1)),
    "a graph": lambda: filled(faiss.IndexHNSWFlat(2, 4)),
    "codes": lambda: filled(faiss.IndexPQ(2, 1, 4)),
    "hashes": lambda: filled(faiss.IndexLSH(2, 8)),
    "before a transform": lambda: filled(faiss.IndexPreTransform(faiss.PCAMatrix(2, 1), faiss.IndexFlatL2(1))),
    "another dimension": lambda: filled(faiss.IndexFlatL2(4), VECTORS.reshape(-1, 4)),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Store.create(tmp_path / "store", EMBEDDING) as store:
        store.append(oracle_items(VECTORS), VECTORS)
        store.publish()
    return tmp_path / "store"


def replace_index(folder: Path, data: bytes) -> None:
    """Replace the store's index file, and record the new size and sha256 in the catalog."""
    digest = hashlib.sha256(data)
    for path in (folder / "index").glob("*.faiss"):
        path.unlink()
    (folder / "index" / f"g-000001-{digest.hexdigest()[:16]}.faiss").write_bytes(data)
    sql(folder, "UPDATE generations SET size = ?, sha256 = ?", len(data), digest.digest())


def serialized(index: faiss.Index) -> bytes:
    data: bytes = faiss.serialize_index(index).tobytes()
    return data


@pytest.mark.parametrize("kind", BUILD)
def test_an_index_of_another_type_is_not_used_whatever_its_record_says(folder: Path, kind: str) -> None:
    with Store.open(folder) as store:
        expected = store.nearest(VECTORS[:9], 5)
    replace_index(folder, serialized(BUILD[kind]()))
    with Store.open(folder) as store:
        assert store.nearest(VECTORS[:9], 5) == expected
        assert store.verify() != []
    with Store.open(folder, writing=True) as store:
        assert len(store.repair()) == 1
        assert store.verify() == []
        assert store.nearest(VECTORS[:9], 5) == expected


def test_an_intact_index_of_other_vectors_never_gives_an_item_another_label(folder: Path) -> None:
    replace_index(folder, serialized(filled(faiss.IndexFlatL2(2), VECTORS[::-1].copy())))
    with Store.open(folder) as store:
        with pytest.raises(StoreCorrupt, match=r"^expected item \d+ to match its checksum, but"):
            store.nearest(VECTORS[:9], 5)
        assert store.verify() != []


@pytest.mark.parametrize("count", [0, -1, COUNT - 1, COUNT + 1, 2**31, 2**40, 2**61])
def test_a_header_that_claims_another_size_is_not_used_whatever_its_record_says(folder: Path, count: int) -> None:
    with Store.open(folder) as store:
        expected = store.nearest(VECTORS[:9], 5)
    data = bytearray(serialized(filled(faiss.IndexFlatL2(2))))
    data[8:16] = count.to_bytes(8, "little", signed=True)
    data[37:45] = (2 * count).to_bytes(8, "little", signed=True)
    replace_index(folder, bytes(data))
    with Store.open(folder) as store:
        assert store.nearest(VECTORS[:9], 5) == expected
    if count > COUNT:
        sql(folder, "UPDATE generations SET items = ?, size = ?", count, min(count * 8 + 45, 2**62))
        sql(folder, "UPDATE batches SET live = ? WHERE number = 1", count)
        with Store.open(folder) as store, pytest.raises(StoreCorrupt):
            store.nearest(VECTORS[:9], 5)
