"""Rows to make columns of."""

from collections.abc import Sequence

import numpy as np

from storage.catalog.row import Row, encode_texts, new_row
from storage.columns.columns import Columns
from storage.columns.columns_builder import ColumnsBuilder, empty_columns
from storage.types.items import Item, NewItem


def row_of(item: NewItem, id: int) -> Row:
    """Return the row of an item; its vector has the id in it."""
    (text,) = encode_texts([item])
    return new_row(id, 1, text, item.content, np.array([id, 0], np.float32).tobytes())


def rows_of(items: Sequence[Item]) -> list[Row]:
    return [row_of(NewItem(item.key, item.content, item.label, item.metadata), item.id) for item in items]


def columns_of(rows: Sequence[Row], *sizes: int) -> Columns:
    """Return the columns of rows; of the first `sizes` each, columns are made and the others added to them."""
    columns, start = empty_columns(), 0
    for size in (*sizes, len(rows)):
        builder = ColumnsBuilder()
        builder.add(rows[start : start + size])
        columns, start = builder.finish(columns), start + size
    return columns
