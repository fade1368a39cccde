"""Rows to make columns of."""

from collections.abc import Sequence

import numpy as np

from storage.catalog.encoded_items import encode_items
from storage.catalog.row import Row
from storage.columns.columns import Columns
from storage.columns.columns_builder import ColumnsBuilder, empty_columns
from storage.types.item_columns import ItemColumns
from storage.types.items import Item, NewItem


def row_of(item: NewItem, id: int) -> Row:
    """Return the row of an item; its vector has the id in it."""
    (row,) = encode_items(ItemColumns.of([item])).rows(id, 1, np.array([[id, 0]], np.float32))
    return row


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
