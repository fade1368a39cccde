"""Columns give back the rows that they were made of."""

import random

import numpy as np
import pytest

from storage.catalog.checksum import row_checksum
from storage.catalog.row import Row
from storage.columns.columns_builder import ColumnsBuilder, empty_columns
from storage.errors import StoreCorrupt
from tests.storage.columns.column_rows import columns_of, rows_of
from tests.storage.filter_oracle import oracle_items


def vectors_of(rows: list[Row]) -> np.ndarray:
    return np.array([np.frombuffer(row.vector, "<f4") for row in rows], np.float32).reshape(-1, 2)


@pytest.mark.parametrize("sizes", [(), (1,), (100, 50)])
def test_rows_come_back_as_they_were_in_any_order(sizes: tuple[int, ...]) -> None:
    rows = rows_of(oracle_items(random.Random(1)).stored)
    columns = columns_of(rows, *sizes)
    assert (len(columns), columns.ids.tolist()) == (len(rows), [row.id for row in rows])
    for positions in ([], [0], [7, 7, 3], range(len(rows) - 1, -1, -1)):
        chosen = [rows[position] for position in positions]
        assert columns.rows(np.array(positions, np.int64), vectors_of(chosen)) == chosen
        assert all(row.intact for row in chosen)


def test_rows_that_are_kept_close_up_in_order() -> None:
    rows = rows_of(oracle_items(random.Random(2)).stored)
    mask = np.arange(len(rows)) % 3 == 1
    kept = columns_of(rows, 20).keep(mask)
    left = [row for row, keep in zip(rows, mask.tolist(), strict=True) if keep]
    assert kept.rows(np.arange(len(left)), vectors_of(left)) == left


def test_columns_of_no_rows_are_empty() -> None:
    columns = empty_columns()
    assert (len(columns), columns.ids.tolist()) == (0, [])
    assert columns.rows(np.empty(0, np.int64), np.empty((0, 2), np.float32)) == []
    assert ColumnsBuilder().finish(columns) is columns


def test_another_vector_does_not_match_the_checksum() -> None:
    rows = rows_of(oracle_items(random.Random(1)).stored[:2])
    (row,) = columns_of(rows).rows(np.array([0]), vectors_of(rows[1:]))
    assert not row.intact


def test_text_that_is_not_utf8_is_refused() -> None:
    fields = (0, 1, b"\xff", None, b"", b"{}", bytes(8))
    builder = ColumnsBuilder()
    with pytest.raises(StoreCorrupt, match="expected item 0 to have text and metadata that can be read"):
        builder.add([Row(*fields, row_checksum(*fields))])
