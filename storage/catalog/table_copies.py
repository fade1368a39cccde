"""Copy the tables of a catalog in a file, as they are after one batch, into the empty tables of another."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from storage.catalog.catalog import Catalog
from storage.catalog.dialect import insert_rows
from storage.catalog.page import Page
from storage.catalog.pages import Reading, RowPage, state_within
from storage.catalog.schema import (
    ArrayRow,
    Base,
    BatchRow,
    EmbeddingRow,
    ItemRow,
    ItemSourceRow,
    JobChangesRow,
    JobRow,
    QuarantineRow,
    RejectRow,
    SourceRow,
    ThumbnailRow,
)
from storage.errors import StoreCorrupt
from storage.types.items import is_storable_text

#: Tables whose rows change without a batch, or are few: all are read in the transaction that fixes the batch.
_READ_AT_ONCE = (
    BatchRow,
    EmbeddingRow,
    ArrayRow,
    QuarantineRow,
    JobRow,
    JobChangesRow,
    RejectRow,
    SourceRow,
    ItemSourceRow,
)

#: Rows that belong to nothing, which only damage or another program leaves, are not copied.
_OWNED: Mapping[type[Base], Sequence[sa.ColumnElement[bool]]] = {
    QuarantineRow: [QuarantineRow.item.in_(sa.select(ItemRow.id))],
    JobChangesRow: [JobChangesRow.job.in_(sa.select(JobRow.number))],
    RejectRow: [RejectRow.job.in_(sa.select(JobRow.number))],
}

_Values = list[tuple[Any, ...]]


def copy_tables(reading: Reading, copy: Catalog) -> None:
    """Copy all rows, as they are after the newest batch, into new tables; the records of index files are left out.

    The rows of items and thumbnails are read a page a transaction, all others in the first one: a second is enough for
    the sources of millions of items. Raise StoreCorrupt when values are not what the tables can hold, and StoreChanged
    when the original is compacted, repaired or renewed meanwhile.
    """
    # The sources of items are written before the items.
    copy.connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    try:
        with reading() as original:
            state = replace(state_within(original), begin=reading)
            at_once = [(table, _values(original, table, *_OWNED.get(table, ()))) for table in _READ_AT_ONCE]
        for table, values in at_once:
            insert_rows(copy.connection, table, table.__table__.columns.keys(), values)
        for rows, thumbnails in state.pages(_read):
            rows.require_kept()
            copy.items.write_history(list(rows.history()))
            insert_rows(copy.connection, ThumbnailRow, ThumbnailRow.__table__.columns.keys(), thumbnails)
    except (sa.exc.IntegrityError, sqlite3.IntegrityError, UnicodeError) as error:
        cause = getattr(error, "orig", None) or error
        raise StoreCorrupt(
            f"expected an intact store to back up, got '{cause}': run `lookalike store repair` first"
        ) from error


def _read(catalog: Catalog, page: Page) -> tuple[RowPage, _Values]:
    in_page = ThumbnailRow.item.between(page.first_id, page.last_id)
    return RowPage(page, catalog.items.in_page(page)), _values(catalog, ThumbnailRow, in_page)


def _values(catalog: Catalog, table: type[Base], *clauses: sa.ColumnElement[bool]) -> _Values:
    """Return the values of a table's rows; a catalog of an older format may not have the table."""
    if not sa.inspect(catalog.connection).has_table(table.__tablename__):
        return []
    rows = catalog.connection.execute(sa.select(table.__table__).where(*clauses))
    if table is QuarantineRow:
        # Damaged rows, as they were: a text that is no UTF-8 is written as its bytes.
        return [tuple(map(_storable, row)) for row in rows]
    return [tuple(row) for row in rows]


def _storable(value: object) -> object:
    if isinstance(value, str) and not is_storable_text(value):
        return value.encode("utf-8", "surrogateescape")
    return value
