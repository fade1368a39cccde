"""Files that cannot be imported: each is refused in one line, and nothing of it is stored."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from storage import LookalikeError
from storage.errors import FileUnusable, InvalidItem, InvalidVectors
from storage.transfer.import_export import import_file
from tests.errors import error_message
from tests.storage.stores import files
from tests.storage.transfer.import_files import KINDS, write

GOOD: dict[str, Any] = {"key": ["a", "b", "c"], "vector": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]}
BOTH, PARQUET, NPZ = (".parquet", ".npz"), (".parquet",), (".npz",)
LISTS = pa.list_(pa.float32())
NOT_FINITE = "expected finite vectors with a squared norm below 3.4e+38, got NaN, infinity or a larger value in row {}"
PICKLED = "expected a file that can be read at {}, got 'Object arrays cannot be loaded when allow_pickle=False'"

UNUSABLE: list[tuple[tuple[str, ...], dict[str, Any], str]] = [
    (BOTH, {"key": None}, "expected key and vector in {}, got vector"),
    (BOTH, {"vector": None}, "expected key and vector in {}, got key"),
    (BOTH, {"key": ["a", "b", "a"]}, "expected each key once in {}, got 'a' twice"),
    (
        BOTH,
        {"metadata": ["{}", '{"a": 1}', "[1]"]},
        "expected a JSON object as metadata in row 2 of {}, got '[1]'",
    ),
    (
        BOTH,
        {"metadata": ["{}", "nonsense", ""]},
        "expected a JSON object as metadata in row 1 of {}, got 'nonsense'",
    ),
    (BOTH, {"metadata": [1, 2, 3]}, "expected a JSON object as metadata in row 0 of {}, got '1'"),
    (
        PARQUET,
        {"vector": pa.array([["1"], ["2"], ["3"]])},
        "expected lists of numbers in column vector of {}, got list<element: string>",
    ),
    (PARQUET, {"vector": [1.0, 2.0, 3.0]}, "expected lists of numbers in column vector of {}, got double"),
    (
        PARQUET,
        {"vector": pa.array([[1, 2], [3], [4, 5, 6]], LISTS)},
        "expected vectors of one length in {}, got 2 numbers before row 1 and 1 in it",
    ),
    (
        PARQUET,
        {"vector": pa.array([[1, 2], None, [3, 4]], LISTS)},
        "expected a vector in every row of {}, got none in row 1",
    ),
    (
        PARQUET,
        {"vector": pa.array([[1, 2], [3, 4], None], pa.list_(pa.float32(), 2))},
        "expected a vector in every row of {}, got none in row 2",
    ),
    (
        PARQUET,
        {"vector": pa.array([[], [], []], LISTS)},
        "expected vectors of at least one number in {}, got empty ones",
    ),
    (PARQUET, {"key": ["a", None, "c"]}, "expected a key in every row of {}, got none in row 1"),
    (PARQUET, {"key": pa.array([b"a", b"\xff", b"c"])}, "expected text as UTF-8 in row 1 of {}, got b'\\xff'"),
    (NPZ, {"vector": np.array([[1, 2], [3], [4, 5, 6]], object)}, PICKLED),
    (NPZ, {"key": np.array(["a", "b", None], object)}, PICKLED),
    (NPZ, {"vector": [1.0, 2.0, 3.0]}, "expected rows of numbers in array vector of {}, got float64 of shape (3,)"),
    (NPZ, {"vector": [["1", "2"]] * 3}, "expected rows of numbers in array vector of {}, got <U1 of shape (3, 2)"),
    (NPZ, {"key": ["a", "b"]}, "expected 3 values in array key of {}, got an array of shape (2,)"),
    (NPZ, {"label": "cat"}, "expected 3 values in array label of {}, got an array of shape ()"),
    (
        NPZ,
        {"label": ["x"] * 3, "labelled": [True]},
        "expected 3 values in array labelled of {}, got an array of shape (1,)",
    ),
]
INVALID: list[tuple[tuple[str, ...], dict[str, Any], type[LookalikeError], str]] = [
    (
        BOTH,
        {"key": ["a", "", "c"]},
        InvalidItem,
        "expected an item that can be stored, got key '': its key must be a text of at least one character",
    ),
    (
        BOTH,
        {"metadata": ["{}", '{"width": 3, "id": 7}', "{}"]},
        InvalidItem,
        "expected an item that can be stored, got key 'b': metadata cannot be named 'id', which filters take for the "
        "item's own id; rename it, for example to 'original_id'",
    ),
    (
        BOTH,
        {"metadata": ["{}", "{}", r'{"width": "a\u0000"}']},
        InvalidItem,
        "expected an item that can be stored, got key 'c': its metadata 'width' must not contain the NUL character, "
        "which PostgreSQL cannot hold",
    ),
    (
        BOTH,
        {"metadata": ['{"width": NaN}', "{}", "{}"]},
        InvalidItem,
        "expected an item that can be stored, got key 'a': its metadata 'width' must be a finite number or None, got "
        "nan",
    ),
    (BOTH, {"vector": [[1, 2], [3, 4], [5, np.nan]]}, InvalidVectors, NOT_FINITE.format(2)),
    (PARQUET, {"vector": pa.array([[1, 2], [3, None], [5, 6]], LISTS)}, InvalidVectors, NOT_FINITE.format(1)),
]


@pytest.mark.parametrize(
    ("kinds", "columns", "error", "message"),
    [*((kinds, columns, FileUnusable, message) for kinds, columns, message in UNUSABLE), *INVALID],
)
def test_a_bad_file_is_refused_in_one_line_and_nothing_of_it_is_stored(
    tmp_path: Path, kinds: tuple[str, ...], columns: dict[str, Any], error: type[LookalikeError], message: str
) -> None:
    for kind in kinds:
        present = {name: column for name, column in (GOOD | columns).items() if column is not None}
        file = write(tmp_path, kind, **present)
        assert error_message(error, import_file, file, tmp_path / "store", "theirs") == message.format(file)
        assert not (tmp_path / "store").exists()


@KINDS
def test_an_error_in_the_last_page_is_found_before_the_first_is_written(tmp_path: Path, kind: str) -> None:
    keys, vectors = [f"{number}" for number in range(5000)], np.ones((5000, 2), np.float32)
    for change, message in (
        ({"key": [*keys[:-1], "7"]}, f"expected each key once in {tmp_path / 'theirs'}{kind}, got '7' twice"),
        ({"vector": np.where(np.arange(5000)[:, np.newaxis] == 4998, np.inf, vectors)}, NOT_FINITE.format(4998)),
    ):
        columns: dict[str, Any] = {"key": keys, "vector": vectors} | change
        file = write(tmp_path, kind, **(columns | {"vector": list(columns["vector"])}))
        assert error_message(LookalikeError, import_file, file, tmp_path / "store", "theirs") == message
        assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("name", ["theirs.csv", "theirs", "theirs.faiss"])
def test_a_file_of_an_unknown_kind_is_refused(tmp_path: Path, name: str) -> None:
    assert error_message(FileUnusable, import_file, tmp_path / name, tmp_path / "store", "theirs") == (
        f"expected a file that ends in .parquet, .npz, got {tmp_path / name}"
    )


@KINDS
def test_a_file_that_is_not_there_is_named(tmp_path: Path, kind: str) -> None:
    with pytest.raises(FileUnusable, match=f"^expected a file that can be read at {tmp_path}/theirs{kind}, got '.+'$"):
        import_file(tmp_path / f"theirs{kind}", tmp_path / "store", "theirs")
    assert files(tmp_path) == {}


@KINDS
@pytest.mark.parametrize("data", [b"", b"once upon a time", b"PK\x03\x04", b"PAR1PAR1", b"\x93NUMPY\x01\x00"])
def test_a_file_of_another_format_is_refused(tmp_path: Path, kind: str, data: bytes) -> None:
    file = tmp_path / f"theirs{kind}"
    file.write_bytes(data)
    with pytest.raises(FileUnusable, match=f"^expected a file that can be read at {file}, got '.+'$"):
        import_file(file, tmp_path / "store", "theirs")
    assert files(tmp_path) == {f"theirs{kind}": data}


@KINDS
def test_a_truncated_file_is_refused(tmp_path: Path, kind: str) -> None:
    data = write(tmp_path, kind, **GOOD).read_bytes()
    for length in range(0, len(data), 40):
        (tmp_path / f"theirs{kind}").write_bytes(data[:length])
        with pytest.raises(FileUnusable):
            import_file(tmp_path / f"theirs{kind}", tmp_path / "store", "theirs")
    assert not (tmp_path / "store").exists()
