"""Items brought out to files: another tool reads what the store holds, and the store reads it back."""

import json
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage import Embedding, Hit, NewItem, Store
from storage.errors import FileUnusable, OutputRefused, StoreCorrupt
from storage.transfer import export_files
from storage.transfer.import_export import ImportReport, export_store, import_file
from tests.errors import error_message, exactly
from tests.storage.stores import files, oracle_items, random_vectors, sql

METADATA: dict[str, Any] = {"width": 8, "taken": "2024 ✓", "ratio": 0.1, "kept": True, "none": None}
#: Unicode, an empty label and none, a label like a number, metadata and none; item 1 is deleted.
ITEMS = [
    NewItem("Zoë/日本.png", b"a", 'größer, "quoted"\n', METADATA),
    NewItem("deleted", b"b", "never seen"),
    NewItem("key, 2", b"c", "", source="folder:/été 1"),
    NewItem("🐈‍⬛", b"d", None),
    NewItem("4", b"e", "7"),
]
VECTORS = np.array([[0, 0.1], [1, 1], [np.float32(1e-45), -0.0], [1.8e19, 3], [-4, 1 / 3]], np.float32)
KEPT = [0, 2, 3, 4]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with Store.create(tmp_path / "store", Embedding(2, "f" * 64)) as store:
        store.append(ITEMS, VECTORS)
        store.delete(ids=[1])
    return tmp_path / "store"


def exported(store: Path, name: str) -> Path:
    file = store.parent / name
    with Store.open(store) as opened:
        assert export_store(opened, file) == len(KEPT)
    return file


def expected(field: str) -> list[Any]:
    return [getattr(ITEMS[id], field) for id in KEPT]


def test_a_parquet_file_has_a_row_for_each_item_with_its_vector_as_a_list_of_fixed_size(store: Path) -> None:
    table = pq.read_table(exported(store, "items.parquet"))
    assert table.schema == pa.schema(
        [
            ("id", pa.int64()),
            ("key", pa.string()),
            ("label", pa.string()),
            ("metadata", pa.string()),
            ("source", pa.string()),
            ("vector", pa.list_(pa.float32(), 2)),
        ]
    )
    assert table["id"].to_pylist() == KEPT
    assert table["key"].to_pylist() == expected("key")
    assert table["label"].to_pylist() == expected("label")
    assert [json.loads(text) for text in table["metadata"].to_pylist()] == expected("metadata")
    assert table["source"].to_pylist() == expected("source")
    assert np.asarray(table["vector"].to_pylist(), np.float32).tobytes() == VECTORS[KEPT].tobytes()


def test_an_npz_file_has_an_array_for_each_field_and_nothing_pickled(store: Path) -> None:
    with np.load(exported(store, "items.npz"), allow_pickle=False) as arrays:
        assert set(arrays.files) == {"id", "key", "label", "labelled", "metadata", "source", "vector"}
        assert arrays["id"].tolist() == KEPT
        assert arrays["key"].tolist() == expected("key")
        assert arrays["label"].tolist() == [label or "" for label in expected("label")]
        assert arrays["labelled"].tolist() == [label is not None for label in expected("label")]
        assert [json.loads(text) for text in arrays["metadata"].tolist()] == expected("metadata")
        assert arrays["source"].tolist() == [source or "" for source in expected("source")]
        assert arrays["vector"].tobytes() == VECTORS[KEPT].tobytes()


def test_a_faiss_file_has_the_vectors_in_id_order(store: Path) -> None:
    index = faiss.read_index(str(exported(store, "items.faiss")))
    assert index.reconstruct_n(0, 4).tobytes() == VECTORS[KEPT].tobytes()


@pytest.mark.parametrize("name", ["items.parquet", "items.npz"])
def test_exported_items_are_imported_as_they_were(store: Path, tmp_path: Path, name: str) -> None:
    assert import_file(exported(store, name), tmp_path / "copy", "mine") == ImportReport(4, 0, 0)
    with Store.open(tmp_path / "copy") as copy:
        assert copy.source_counts() == {"folder:/été 1": 1}
    with Store.open(tmp_path / "copy") as copy, Store.open(store) as original:
        fields = [(item.key, item.label, item.metadata) for item in original.items()]
        assert [(item.key, item.label, item.metadata) for item in copy.items()] == fields
        assert [item.id for item in copy.items()] == [0, 1, 2, 3]
        assert copy.vectors(range(4)).tobytes() == original.vectors(KEPT).tobytes()
        assert (copy.embedding.name, copy.dim) == ("mine", 2)
        assert copy.verify() == []
        assert copy.nearest([-4, 1 / 3], 1) == [[Hit(1, 3, "4", "7", 0.0, {})]]


@pytest.mark.parametrize("name", ["items.parquet", "items.npz", "items.faiss"])
def test_an_empty_store_can_be_exported(tmp_path: Path, name: str) -> None:
    with Store.create(tmp_path / "store", Embedding(2, "f" * 64)) as store:
        assert export_store(store, tmp_path / name) == 0
    if name.endswith(".faiss"):
        assert faiss.read_index(str(tmp_path / name)).ntotal == 0
    else:
        assert error_message(FileUnusable, import_file, tmp_path / name, tmp_path / "copy", "mine") == (
            f"expected items in {tmp_path / name}, got none"
        )


@pytest.mark.parametrize("name", ["items.parquet", "items.npz"])
def test_more_items_than_a_page_are_exported_and_imported(tmp_path: Path, name: str) -> None:
    vectors = random_vectors(4500, 4)
    with Store.create(tmp_path / "store", Embedding(4, "f" * 64)) as store:
        store.append(oracle_items(vectors), vectors)
        assert export_store(store, tmp_path / name) == 4500
        labels = [item.label for item in store.items()]
    assert import_file(tmp_path / name, tmp_path / "copy", "mine") == ImportReport(4500, 0, 0)
    with Store.open(tmp_path / "copy") as copy:
        assert [item.label for item in copy.items()] == labels
        np.testing.assert_array_equal(copy.vectors(range(4500)), vectors)


@pytest.mark.parametrize("name", ["items.parquet", "items.npz"])
def test_an_export_replaces_an_earlier_one(store: Path, tmp_path: Path, name: str) -> None:
    first = exported(store, name).read_bytes()
    with Store.open(store, writing=True) as opened:
        opened.delete(ids=[0])
        assert export_store(opened, tmp_path / name) == len(KEPT) - 1
    assert (tmp_path / name).read_bytes() != first
    assert {path.name for path in tmp_path.iterdir()} == {"store", name}


def others(folder: Path) -> list[Path]:
    """Write files that other programs could have made, each with the name of an export."""
    np.savez(folder / "theirs.npz", vector=VECTORS)
    pq.write_table(pa.table({"key": ["a"]}), folder / "theirs.parquet")
    faiss.write_index(faiss.IndexFlatL2(2), str(folder / "theirs.faiss"))
    (folder / "text.npz").write_bytes(b"a text")
    (folder / "text.parquet").write_bytes(b"PAR1 is how this text begins, and how it ends: PAR1")
    return sorted(folder.glob("t*.*"))


def test_a_file_that_is_no_export_is_replaced_only_when_forced(store: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in others(tmp_path)}
    assert len(before) == 5
    with Store.open(store) as opened:
        for path in before:
            assert error_message(OutputRefused, export_store, opened, path) == (
                f"expected a new file for the export, got {path}, which is no export of Lookalike's: "
                "name another path, or give --force to replace it"
            )
        assert {path: path.read_bytes() for path in before} == before
        for path in before:
            assert export_store(opened, path, force=True) == len(KEPT)
    assert [path for path in before if path.read_bytes() == before[path]] == []


def test_the_stores_own_index_is_never_replaced(store: Path) -> None:
    with Store.open(store, writing=True) as opened:
        opened.publish()
        index = store / "index.faiss"
        before = files(store)
        assert error_message(OutputRefused, lambda: export_store(opened, index, force=True)) == (
            f"expected a new file for the export, got {index}, which belongs to the store or its source: "
            "name another path"
        )
        assert files(store) == before


@pytest.mark.parametrize("name", ["items.csv", "items", "items.parquet.gz", ".npz"])
def test_a_file_of_an_unknown_kind_is_refused(store: Path, tmp_path: Path, name: str) -> None:
    message = f"expected a file that ends in .parquet, .npz, .faiss, got {tmp_path / name}"
    with Store.open(store) as opened, pytest.raises(FileUnusable, match=exactly(message)):
        export_store(opened, tmp_path / name)


@pytest.mark.parametrize("name", ["items.parquet", "items.npz", "items.faiss"])
def test_a_damaged_item_leaves_no_partial_file(store: Path, tmp_path: Path, name: str) -> None:
    exported(store, name)
    old = (tmp_path / name).read_bytes()
    sql(store, "UPDATE items SET vector = zeroblob(8) WHERE id = 3")
    force = name.endswith(".faiss")
    with Store.open(store) as opened, pytest.raises(StoreCorrupt, match=r"^expected item 3 to match its checksum"):
        export_store(opened, tmp_path / name, force=force)
    assert {path.name for path in tmp_path.iterdir()} == {"store", name}
    assert (tmp_path / name).read_bytes() == old


@pytest.mark.parametrize("name", ["items.parquet", "items.npz", "items.faiss"])
def test_a_folder_that_is_not_there_is_named(store: Path, tmp_path: Path, name: str) -> None:
    before = files(tmp_path)
    message = f"expected a folder for the export {name}, found none at {tmp_path / 'nowhere'}: make it first"
    with Store.open(store) as opened, pytest.raises(FileUnusable, match=exactly(message)):
        export_store(opened, tmp_path / "nowhere" / name)
    assert files(tmp_path) == before


def test_a_text_that_would_make_the_arrays_huge_is_refused_before_anything_is_written(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    longest = max(len(json.dumps(dict(item.metadata), sort_keys=True, ensure_ascii=False)) for item in ITEMS)
    monkeypatch.setattr(export_files, "MAX_ARRAY_BYTES", 4 * 4 * longest)
    exported(store, "items.npz").unlink()
    monkeypatch.setattr(export_files, "MAX_ARRAY_BYTES", 4 * 4 * longest - 1)
    message = (
        f"expected texts that fit into {16 * longest - 1:,} bytes for {tmp_path / 'items.npz'}, got {16 * longest:,}, "
        "as each takes the space of the longest: export to .parquet"
    )
    with Store.open(store) as opened, pytest.raises(FileUnusable, match=exactly(message)):
        export_store(opened, tmp_path / "items.npz")
    assert {path.name for path in tmp_path.iterdir()} == {"store"}
