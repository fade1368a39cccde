"""Importing other models' vectors: each item once, and a file completely or not at all."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from storage import Embedding, Store
from storage.errors import OtherEmbedding
from storage.transfer import import_export
from storage.transfer.import_export import ImportReport, import_file, imported_embedding
from tests.errors import error_message
from tests.storage.stores import files, line_store
from tests.storage.transfer.import_files import KINDS, write


def items_of(store: Path) -> list[tuple[int, str, str | None, dict[str, Any], list[float]]]:
    """Return all items of an intact store with their vectors."""
    with Store.open(store) as opened:
        assert opened.verify() == []
        vectors = opened.vectors([item.id for item in opened.items()]).tolist()
        return [
            (item.id, item.key, item.label, dict(item.metadata), vector)
            for item, vector in zip(opened.items(), vectors, strict=True)
        ]


@KINDS
def test_keys_and_vectors_are_enough(tmp_path: Path, kind: str) -> None:
    file = write(tmp_path, kind, key=["a", "b"], vector=[[1.0, 2.0], [3.0, 4.0]])
    assert import_file(file, tmp_path / "store", "theirs") == ImportReport(2, 0, 0)
    assert items_of(tmp_path / "store") == [(0, "a", None, {}, [1, 2]), (1, "b", None, {}, [3, 4])]


@KINDS
def test_labels_and_metadata_are_imported_and_other_columns_ignored(tmp_path: Path, kind: str) -> None:
    columns = {"extra": [5, 6], "metadata": ['{"n": 1}', ""], "vector": [[1, 2], [3, 4]], "label": ["x", ""]}
    assert import_file(write(tmp_path, kind, key=["a", "b"], **columns), tmp_path / "store", "theirs") == ImportReport(
        2, 0, 0
    )
    assert items_of(tmp_path / "store") == [(0, "a", "x", {"n": 1}, [1, 2]), (1, "b", "", {}, [3, 4])]


@KINDS
def test_keys_and_labels_may_be_numbers(tmp_path: Path, kind: str) -> None:
    file = write(tmp_path, kind, key=[10, 20], label=[7, 7], vector=[[1, 2], [3, 4]])
    assert import_file(file, tmp_path / "store", "theirs") == ImportReport(2, 0, 0)
    assert items_of(tmp_path / "store") == [(0, "10", "7", {}, [1, 2]), (1, "20", "7", {}, [3, 4])]


@KINDS
def test_labels_that_a_missing_one_made_fractions_are_whole_numbers_again(tmp_path: Path, kind: str) -> None:
    file = write(tmp_path, kind, key=["a", "b", "c"], label=[7.0, np.nan, 0.5], vector=[[1, 2], [3, 4], [5, 6]])
    import_file(file, tmp_path / "store", "m")
    with Store.open(tmp_path / "store") as store:
        assert [item.label for item in store.items()] == ["7", None, "0.5"]


@pytest.mark.parametrize(
    "vectors",
    [
        pa.array([[1, 2], [3, 4]], pa.list_(pa.float64())),
        pa.array([[1, 2], [3, 4]], pa.large_list(pa.float32())),
        pa.array([[1, 2], [3, 4]], pa.list_(pa.float16())),
        pa.array([[1, 2], [3, 4]], pa.list_(pa.int8())),
        pa.array([[1, 2], [3, 4]], pa.list_(pa.float64(), 2)),
    ],
    ids=lambda vectors: str(vectors.type),
)
def test_vectors_may_be_lists_of_any_numbers(tmp_path: Path, vectors: Any) -> None:
    file = write(tmp_path, ".parquet", key=["a", "b"], vector=vectors)
    assert import_file(file, tmp_path / "store", "theirs") == ImportReport(2, 0, 0)
    assert items_of(tmp_path / "store") == [(0, "a", None, {}, [1, 2]), (1, "b", None, {}, [3, 4])]


@KINDS
def test_importing_again_changes_nothing(tmp_path: Path, kind: str) -> None:
    file = write(tmp_path, kind, key=["a", "b"], label=["x", "y"], vector=[[1, 2], [3, 4]])
    import_file(file, tmp_path / "store", "theirs")
    before = files(tmp_path / "store")
    assert import_file(file, tmp_path / "store", "theirs") == ImportReport(0, 0, 2)
    after = files(tmp_path / "store")
    assert {**after, "writer.lock": b""} == {**before, "writer.lock": b""}


@KINDS
def test_a_large_file_is_read_again_for_the_import(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, kind, key=["a", "b"], label=["x", "y"], vector=[[1, 2], [3, 4]])
    import_file(file, tmp_path / "store", "theirs")
    monkeypatch.setattr(import_export, "_KEPT_BYTES", 100)
    assert import_file(file, tmp_path / "other", "theirs") == ImportReport(2, 0, 0)
    assert items_of(tmp_path / "other") == items_of(tmp_path / "store")


def test_the_same_values_are_the_same_items_in_any_kind_of_file_and_number(tmp_path: Path) -> None:
    columns = {"key": ["a", "b"], "label": ["x", ""]}
    one = write(tmp_path, ".parquet", vector=[[0.1, 2], [3, 4]], **columns)
    other = write(tmp_path, ".npz", vector=np.array([[0.1, 2], [3, 4]], ">f4"), **columns)
    assert import_file(one, tmp_path / "store", "theirs") == ImportReport(2, 0, 0)
    assert import_file(other, tmp_path / "store", "theirs") == ImportReport(0, 0, 2)


@KINDS
def test_content_is_the_digest_of_label_and_metadata_as_ascii_json_and_of_the_vector(tmp_path: Path, kind: str) -> None:
    columns = {"label": ["é", ""], "metadata": ['{"b": "\\u007f", "a": 0.5}', ""], "vector": [[1.0, 2.0], [3.0, 4.0]]}
    import_file(write(tmp_path, kind, key=["a", "b"], **columns), tmp_path / "store", "theirs")
    texts = [rb'["\u00e9", {"a": 0.5, "b": "\u007f"}]', b'["", {}]']
    vectors = np.array([[1, 2], [3, 4]], "<f4")
    with Store.open(tmp_path / "store") as store:
        assert [item.content for item in store.items()] == [
            hashlib.sha256(text + vector.tobytes()).digest() for text, vector in zip(texts, vectors, strict=True)
        ]


@KINDS
@pytest.mark.parametrize(
    "change", [{"vector": [[1, 2], [3, 5]]}, {"label": ["x", "z"]}, {"metadata": ["{}", '{"n": 1}']}]
)
def test_changed_items_are_replaced_and_new_ones_added(tmp_path: Path, kind: str, change: dict[str, list[Any]]) -> None:
    columns: dict[str, list[Any]] = {"vector": [[1, 2], [3, 4]], "label": ["x", "y"], "metadata": ["", "{}"]}
    import_file(write(tmp_path, kind, key=["a", "b"], **columns), tmp_path / "store", "theirs")
    columns |= change
    file = write(
        tmp_path, kind, key=["a", "b", "c"], **{name: [*column, column[0]] for name, column in columns.items()}
    )
    assert import_file(file, tmp_path / "store", "theirs") == ImportReport(1, 1, 1)
    assert [(id, key, vector) for id, key, _, _, vector in items_of(tmp_path / "store")] == [
        (0, "a", [1, 2]),
        (2, "b", columns["vector"][1]),
        (3, "c", [1, 2]),
    ]


def test_vectors_of_two_models_are_never_mixed(tmp_path: Path) -> None:
    file = write(tmp_path, ".npz", key=["a"], vector=[[1, 2]])
    own, theirs = line_store(tmp_path), imported_embedding(2, "theirs")
    assert imported_embedding(2, "theirs") == theirs
    assert (
        len({theirs.fingerprint, imported_embedding(3, "theirs").fingerprint, imported_embedding(2, "t").fingerprint})
        == 3
    )
    import_file(file, tmp_path / "theirs", "theirs")
    wide = write(tmp_path, ".parquet", key=["a"], vector=[[1, 2, 3]])
    for store, imported, model, expected in (
        (own, file, "theirs", Embedding(2, "f" * 64)),
        (tmp_path / "theirs", file, "other", theirs),
        (tmp_path / "theirs", wide, "theirs", theirs),
    ):
        before = files(store)
        assert error_message(OtherEmbedding, import_file, imported, store, model) == (
            f"expected vectors of the store's embedding ({expected.name}, 2 dimensions, fingerprint "
            f"{expected.fingerprint[:12]}), got {model}, {3 if imported == wide else 2} dimensions, fingerprint "
            f"{imported_embedding(3 if imported == wide else 2, model).fingerprint[:12]}: use the store's recipe and "
            "weights, or another store"
        )
        assert {**files(store), "writer.lock": b""} == {**before, "writer.lock": b""}
