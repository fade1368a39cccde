"""Manifests made by hand, and what their sources hold or refuse."""

import csv
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.errors import SourceUnusable
from ingest.sources.manifest import Manifest
from tests.errors import error_message
from tests.toys import write_greys


def write_pictures(folder: Path) -> None:
    """Write a.png, cat/b.png and cat/c.png of the levels 10, 11 and 12."""
    write_greys(folder, {"a.png": 10, "cat/b.png": 11, "cat/c.png": 12})


def write_csv(folder: Path, **columns: list[Any]) -> Path:
    with (folder / "list.csv").open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return folder / "list.csv"


def write_parquet(folder: Path, **columns: list[Any]) -> Path:
    pq.write_table(pa.table(columns), folder / "list.parquet", row_group_size=2)
    return folder / "list.parquet"


def refusal(path: Path) -> str:
    return error_message(SourceUnusable, Manifest, path)
