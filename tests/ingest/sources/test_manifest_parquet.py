"""Manifests in Parquet."""

import datetime
import decimal
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ingest.sources.manifest import Manifest
from ingest.sources.table import columns_line
from tests.ingest.jobs import job
from tests.ingest.sources.contents import described
from tests.ingest.sources.manifests import refusal, write_parquet, write_pictures


@pytest.fixture(autouse=True)
def _pictures(tmp_path: Path) -> None:
    write_pictures(tmp_path)


def test_parquet_is_recognized_by_its_content_or_its_name(tmp_path: Path) -> None:
    path = write_parquet(tmp_path, path=["a.png"])
    assert len(Manifest(path.rename(tmp_path / "list.csv"))) == 1
    empty = tmp_path / "empty.parquet"
    empty.write_bytes(b"")
    assert refusal(empty) == (f"expected a Parquet file that can be read, got {empty}: 'Parquet file size is 0 bytes'")


@pytest.mark.parametrize("keep", [4, 100, -9, -1])
def test_a_truncated_parquet_file_is_refused(tmp_path: Path, keep: int) -> None:
    path = write_parquet(tmp_path, path=["a.png", "cat/b.png"])
    path.write_bytes(path.read_bytes()[:keep])
    assert refusal(path).startswith(f"expected a Parquet file that can be read, got {path}: '")


def test_a_damaged_page_is_refused_before_anything_is_ingested(tmp_path: Path) -> None:
    path = write_parquet(tmp_path, path=["a.png", "cat/b.png"])
    data = path.read_bytes()
    path.write_bytes(data[:4] + bytes(30) + data[34:])
    assert refusal(path).startswith(f"expected a Parquet file that can be read, got {path}: '")


def test_times_are_texts_and_numbers_are_numbers(tmp_path: Path) -> None:
    columns = {
        "path": pa.array(["a.png"]).dictionary_encode(),
        "label": pa.array([7], pa.uint8()),
        "day": pa.array([datetime.date(2024, 2, 29)]),
        "time": pa.array([datetime.datetime(2024, 2, 29, 12, 30, 1, 5)]),
        "instant": pa.array([1], pa.timestamp("ns", "UTC")),
        "price": pa.array([decimal.Decimal("1.50")]),
        "half": pa.array([np.float16(0.5)], pa.float16()),
        "kind": pa.array(["x"]).dictionary_encode(),
        "view": pa.array(["y"], pa.string_view()),
        "large": pa.array([2**64 - 1], pa.uint64()),
        "none": pa.nulls(1),
    }
    manifest = Manifest(write_parquet(tmp_path, **columns))
    assert columns_line(manifest.column_kinds) == (
        "columns read as texts: day, time, instant, kind, view; as numbers: price, half, large; as nothing: none"
    )
    assert described(manifest) == [
        (
            "a.png",
            "7",
            {
                "source": "manifest",
                "path": "a.png",
                "day": "2024-02-29",
                "time": "2024-02-29 12:30:01.000005",
                "instant": "1970-01-01 00:00:00.000000001Z",
                "price": 1.5,
                "half": 0.5,
                "kind": "x",
                "view": "y",
                "large": 2**64 - 1,
                "none": None,
            },
        )
    ]


@pytest.mark.parametrize(
    ("column", "values", "types", "got"),
    [
        ("path", pa.array([1]), "text", "int64"),
        ("label", pa.array([True]), "text or numbers", "bool"),
        ("label", pa.array([b"x"]), "text or numbers", "binary"),
        ("box", pa.array([[1, 2]]), "text, numbers, booleans or times", "list<element: int64>"),
        ("box", pa.array([{"x": 1}]), "text, numbers, booleans or times", "struct<x: int64>"),
    ],
)
def test_a_column_of_another_type_is_refused(tmp_path: Path, column: str, values: Any, types: str, got: str) -> None:
    path = write_parquet(tmp_path, **{"path": pa.array(["a.png"]), column: values})
    assert refusal(path) == f"expected {types} in column {column} of {path}, got {got}: convert it, or leave it out"


def test_the_index_that_pandas_adds_is_ignored(tmp_path: Path) -> None:
    path = write_parquet(tmp_path, path=["a.png"], __index_level_0__=[5])
    assert described(Manifest(path)) == [("a.png", None, {"source": "manifest", "path": "a.png"})]


@pytest.mark.parametrize("type", [pa.float32(), pa.float64()], ids=str)
@pytest.mark.parametrize("dictionary", [False, True], ids=["plain", "dictionary"])
def test_a_nan_is_nothing_and_an_infinity_rejects_its_row_alone(tmp_path: Path, type: Any, dictionary: bool) -> None:
    price = pa.array([math.nan, math.inf, -0.5], type)
    path = write_parquet(
        tmp_path, path=["a.png", "cat/b.png", "cat/c.png"], price=price.dictionary_encode() if dictionary else price
    )
    assert [image.metadata["price"] for image in Manifest(path)] == [None, math.inf, -0.5]
    report = job(f"manifest:{path}", tmp_path / "store")
    assert (report.added, [(reject.key, reject.reason) for reject in report.rejects]) == (
        2,
        [
            (
                "cat/b.png",
                "expected an item that can be stored, got key 'cat/b.png': its metadata 'price' "
                "must be a finite number or None, got inf",
            )
        ],
    )


@pytest.mark.parametrize("dictionary", [False, True], ids=["plain", "dictionary"])
def test_labels_that_are_fractions_since_one_is_missing_are_whole_numbers_again(
    tmp_path: Path, dictionary: bool
) -> None:
    labels = pa.array([7.0, math.nan, None, -0.0, 0.5, math.inf], pa.float32())
    path = write_parquet(
        tmp_path,
        path=[f"{number}.png" for number in range(6)],
        label=labels.dictionary_encode() if dictionary else labels,
    )
    assert [image.label for image in Manifest(path)] == ["7", None, None, "0", "0.5", "inf"]
