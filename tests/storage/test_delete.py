"""Deleting items, and reclaiming their space."""

from pathlib import Path

import numpy as np
import pytest

from storage import Embedding, NewItem, Store
from storage.errors import UnknownItem
from storage.maintenance.publish import withdraw


def ramp(folder: Path, count: int = 6) -> Store:
    """Return an open, published store of items with the vectors (0, 0), (1, 0), (2, 0), ..."""
    store = Store.create(folder / "store", Embedding(2, "f" * 64))
    items = [NewItem(f"key {number}", b"c", f"label {number}", thumbnail=b"png") for number in range(count)]
    store.append(items, [[number, 0] for number in range(count)])
    store.publish()
    return store


def nearest_ids(store: Store, at: float, k: int = 3) -> list[tuple[int, str | None, float]]:
    return [(hit.id, hit.label, hit.distance) for hit in store.nearest([at, 0], k)[0]]


def test_a_deleted_item_is_no_longer_found_and_the_others_keep_their_ids(tmp_path: Path) -> None:
    with ramp(tmp_path) as store:
        assert nearest_ids(store, 2) == [(2, "label 2", 0.0), (1, "label 1", 1.0), (3, "label 3", 1.0)]
        assert store.delete(ids=[2], keys=["key 1", "key 2"]) == 2
        expected = [(3, "label 3", 1.0), (0, "label 0", 2.0), (4, "label 4", 2.0)]
        assert nearest_ids(store, 2) == expected
        assert [item.id for item in store.items()] == [0, 3, 4, 5]
        assert len(store) == 4
        assert store.verify() == []
    with Store.open(tmp_path / "store") as reopened:
        assert nearest_ids(reopened, 2) == expected


@pytest.mark.parametrize("published", [True, False], ids=["published since", "not published since"])
def test_no_file_of_a_compacted_store_holds_a_deleted_vector(tmp_path: Path, published: bool) -> None:
    secret = np.array([0.1234, 5.6789], np.float32)
    with ramp(tmp_path) as store:
        (id,) = store.append([NewItem("secret", b"c")], [secret]).ids
        store.publish()
        store.delete(ids=[id])
        if published:
            store.publish()
        assert files_with(tmp_path, secret.tobytes())
        before = nearest_ids(store, 5)
        store.compact()
        assert files_with(tmp_path, secret.tobytes()) == []
        left = [path.name for path in (tmp_path / "store/index").iterdir() if path.suffix == ".faiss"]
        assert left == [store.info().generations[0].file]
        assert len(list((tmp_path / "store/index").iterdir())) == 2
        assert nearest_ids(store, 5) == before
        assert store.verify() == []


def test_a_store_whose_index_was_withdrawn_answers_from_its_rows(tmp_path: Path) -> None:
    with ramp(tmp_path) as store:
        before = nearest_ids(store, 2)
        withdraw(store._database, tmp_path / "store")
        assert {path.name for path in (tmp_path / "store").iterdir()} == {"catalog.sqlite", "writer.lock"}
        assert store.verify() == []
    with Store.open(tmp_path / "store") as reopened:
        assert nearest_ids(reopened, 2) == before


def files_with(folder: Path, data: bytes) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*") if path.is_file() and data in path.read_bytes())


def test_the_id_of_a_deleted_item_is_never_reused(tmp_path: Path) -> None:
    with ramp(tmp_path) as store:
        store.delete(ids=[4, 5])
        store.compact()
        assert store.append([NewItem("key 5", b"c")], [[5, 0]]).ids == (6,)
        assert store.by_key("key 5").id == 6


def test_deleting_an_unknown_item_deletes_nothing(tmp_path: Path) -> None:
    with ramp(tmp_path) as store:
        with pytest.raises(UnknownItem, match="got key 'nothing', which it does not hold"):
            store.delete(ids=[0], keys=["nothing"])
        assert len(store) == 6
        assert store.delete() == 0
        assert store.verify() == []


@pytest.mark.parametrize("published", [True, False])
def test_compacting_reclaims_space_and_changes_no_answer(tmp_path: Path, published: bool) -> None:
    vectors = np.random.default_rng(1).standard_normal((400, 64)).astype(np.float32)
    folder = tmp_path / "store"
    with Store.create(folder, Embedding(64, "f" * 64)) as store:
        store.append([NewItem(f"{number}", b"c", thumbnail=bytes(500)) for number in range(400)], vectors)
        if published:
            store.publish()
        store.delete(ids=range(0, 400, 2))
        before = store.nearest(vectors[:20], 5)
        size = (folder / "catalog.sqlite").stat().st_size
        store.compact()
        assert store.nearest(vectors[:20], 5) == before
        assert (folder / "catalog.sqlite").stat().st_size < 0.7 * size
        assert (folder / "index.faiss").stat().st_size == 45 + 200 * 64 * 4
        assert store.thumbnails([0, 1]) == {1: bytes(500)}
        assert store.verify() == []
        store.compact()
    with Store.open(folder) as reopened:
        assert reopened.nearest(vectors[:20], 5) == before
