"""`verify` compares the columns of a generation with the rows, and `repair` makes them again."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from storage import Embedding, NewItem, Store
from storage.columns.arrow_file import parse_columns, write_columns
from storage.columns.columns import Columns
from tests.storage.published import index_files
from tests.storage.stores import sql

Change = Callable[[pa.RecordBatch], pa.RecordBatch]

COUNT = 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    items = [NewItem(f"key {n}", b"c", f"label {n}", {"width": n, "huge": 2**70}) for n in range(COUNT)]
    with Store.create(tmp_path / "store", Embedding(2, "f" * 64)) as store:
        store.append(items, np.arange(2 * COUNT, dtype=np.float32).reshape(COUNT, 2))
        store.publish()
    return tmp_path / "store"


def forge(folder: Path, change: Change) -> str:
    """Change the columns of a store's only generation, record their sha256, and return the file's name."""
    (path,) = index_files(folder, ".arrow")
    columns = parse_columns(pa.py_buffer(path.read_bytes()), COUNT)
    assert columns is not None
    path.unlink()
    parts: list[bytes] = []
    write_columns(Columns(change(columns.batch)), lambda data: parts.append(bytes(data)))
    data = b"".join(parts)
    sha256 = hashlib.sha256(data).digest()
    forged = path.with_name(f"g-000001-{sha256.hex()[:16]}.arrow")
    forged.write_bytes(data)
    sql(folder, "UPDATE generation_columns SET size = ?, sha256 = ?", len(data), sha256)
    return forged.name


def setting(name: str, values: pa.Array) -> Change:
    """Return a change of a whole column."""
    return lambda batch: batch.set_column(batch.schema.get_field_index(name), batch.schema.field(name), values)


@pytest.mark.parametrize(
    "change",
    [
        setting("label", pa.array([f"label {n}" for n in (1, 0, 2, 3, 4)], pa.large_string())),
        setting("key", pa.array([f"key {n}" for n in (1, 0, 2, 3, 4)], pa.large_string())),
        setting("metadata", pa.array(["{}"] * COUNT, pa.large_string())),
        setting("content", pa.array([b"d"] * COUNT, pa.large_binary())),
        setting("batch", pa.array([2] * COUNT)),
        setting("id", pa.array([0, 1, 2, 3, 5])),
        setting("checksum", pa.array([bytes(16)] * COUNT, pa.binary(16))),
        setting("integer:width", pa.array([0, 1, 2, 4, 3])),
        setting("integer:width", pa.array([0, 1, 2, 3, None])),
        setting("apart", pa.array([True, True, False, True, True])),
        lambda batch: batch.append_column("text:name", pa.array([None, "x", None, None, None], pa.large_string())),
        lambda batch: batch.append_column("integer:huge", pa.array([None] * 4 + [3])),
    ],
)
def test_columns_that_are_not_those_of_the_rows_are_found_and_made_again(folder: Path, change: Change) -> None:
    name = forge(folder, change)
    line = f"index/{name}: its columns are not those of the rows"
    with Store.open(folder, writing=True) as store:
        assert line in store.verify()
        assert store.repair() == [f"{line}, rebuilt"]
        assert store.verify() == []


def test_columns_that_were_written_again_unchanged_are_intact(folder: Path) -> None:
    forge(folder, lambda batch: batch)
    with Store.open(folder) as store:
        assert store.verify() == []
