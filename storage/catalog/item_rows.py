"""The rows of items: every statement that reads or writes them."""

import contextlib
import json
import operator
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from storage.catalog import filters
from storage.catalog.dialect import bind_ids, bind_values, in_values, insert_rows, is_sqlite, sqlite_connection, utf8
from storage.catalog.row import Row
from storage.catalog.schema import ItemRow, QuarantineRow
from storage.errors import StoreCorrupt
from storage.types.items import is_storable_text
from storage.types.where import Condition, Kind

#: Rows held at once while the whole table is read.
_PAGE = 4096

# Text is selected as bytes, so that a row can be checked before it is decoded.
_ROW = sa.select(
    ItemRow.id,
    ItemRow.batch,
    utf8(ItemRow.key).label("key"),
    utf8(ItemRow.label).label("label"),
    ItemRow.content,
    utf8(ItemRow.details).label("metadata"),
    ItemRow.vector,
    ItemRow.checksum,
)
_LIVE = ItemRow.deleted_in.is_(None)
_ROW_AND_DELETION = _ROW.add_columns(ItemRow.deleted_in)

_BY_ID = _ROW.where(in_values(ItemRow.id))
_LIVE_BY_ID = _ROW.where(in_values(ItemRow.id), _LIVE)
_LIVE_BY_KEY = _ROW.where(in_values(ItemRow.key), _LIVE)
_DELETE = sa.update(ItemRow).where(in_values(ItemRow.id), _LIVE).values(deleted_in=sa.bindparam("batch_number"))

#: `_LIVE_BY_ID` for the sqlite3 driver, as a join in the order of the ids: `IN` would sort them first.
_IDS = sa.func.json_each(sa.bindparam("ids")).table_valued("value").alias("ids")
_LIVE_BY_ID_SQLITE = str(
    _ROW.select_from(_IDS.join(ItemRow, ItemRow.id == _IDS.c.value)).where(_LIVE).compile(dialect=sqlite.dialect())
)
_LIVE_BY_KEY_SQLITE = str(_LIVE_BY_KEY.compile(dialect=sqlite.dialect()))

_COUNT = sa.select(sa.func.count()).select_from(ItemRow).where(_LIVE)
#: SQLite would count the entries of the index of keys; a damaged index must not hide rows.
_COUNT_SQLITE = sa.text("SELECT count(*) FROM items NOT INDEXED WHERE deleted_in IS NULL")

#: The keys and ids of live rows, read from the index of keys alone and from the table alone.
_KEYS_IN_INDEX = sa.text(
    "SELECT CAST(key AS BLOB), id FROM items INDEXED BY items_live_key WHERE deleted_in IS NULL ORDER BY key"
)
_KEYS_IN_TABLE = sa.text("SELECT CAST(key AS BLOB), id FROM items NOT INDEXED WHERE deleted_in IS NULL")


class ItemRows:
    """Reads and writes items in one transaction: live rows, and the tombstones of deleted ones."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def write(self, rows: Sequence[Row]) -> None:
        """Write new rows."""
        insert_rows(self._connection, ItemRow, Row._fields, [_column_values(row) for row in rows])

    def delete(self, ids: Sequence[int], batch: int) -> None:
        """Turn live rows into tombstones, deleted by the given batch."""
        if ids:
            self._connection.execute(_DELETE, {**bind_values(ids), "batch_number": batch})

    def quarantine(self, id: int, batch: int) -> None:
        """Copy a damaged row unchanged to the table `set_aside`; the row keeps no vector and gets the given batch."""
        columns = [column.name for column in QuarantineRow.__table__.columns if column.name != "item"]
        row = sa.select(ItemRow.id, *(ItemRow.__table__.c[name] for name in columns)).where(ItemRow.id == id)
        self._connection.execute(sa.delete(QuarantineRow).where(QuarantineRow.item == id))
        self._connection.execute(sa.insert(QuarantineRow).from_select(["item", *columns], row))
        self._connection.execute(sa.update(ItemRow).where(ItemRow.id == id).values(vector=b"", batch=batch))

    def write_tombstone(self, id: int, batch: int) -> None:
        """Write an empty tombstone for a missing row, recorded as added and deleted by the given batch."""
        empty = {"key": "", "label": None, "content": b"", "metadata": "{}", "vector": b"", "checksum": b""}
        self._connection.execute(sa.insert(ItemRow).values(id=id, batch=batch, deleted_in=batch, **empty))

    def empty_tombstones(self) -> None:
        """Remove the vectors of deleted items; the chain still needs their checksums."""
        self._connection.execute(sa.update(ItemRow).where(ItemRow.deleted_in.is_not(None)).values(vector=b""))

    def by_id(self, ids: Sequence[int]) -> list[Row | None]:
        """Return the live rows with these ids, in the given order; None where there is none."""
        possible = [id for id in ids if abs(id) < 2**63]
        rows = {row.id: row for row in self._live_rows(_LIVE_BY_ID_SQLITE, _LIVE_BY_ID, bind_ids(possible))}
        return [rows.get(id) for id in ids]

    def by_key(self, keys: Sequence[str]) -> list[Row | None]:
        """Return the live rows with these keys, in the given order; None where there is none."""
        possible = [key for key in keys if is_storable_text(key)]
        rows = {row.key: row for row in self._live_rows(_LIVE_BY_KEY_SQLITE, _LIVE_BY_KEY, bind_values(possible))}
        return [rows.get(key.encode()) if is_storable_text(key) else None for key in keys]

    def intact_with_vector(self, ids: Sequence[int]) -> list[Row]:
        """Return the intact rows with these ids, live or deleted, that still have their vectors, in id order."""
        rows = self._rows(_BY_ID.order_by(ItemRow.id), bind_values(ids))
        return [row for row in rows if row.intact and row.vector]

    def contents(self) -> Iterator[tuple[int, object]]:
        """Yield the id and content digest of each live row, unchecked."""
        select = sa.select(ItemRow.id, ItemRow.content).where(_LIVE).execution_options(yield_per=_PAGE)
        return ((id, content) for id, content in self._connection.execute(select))

    def ids_matching(self, conditions: Sequence[Condition]) -> list[int]:
        """Return the ids of the live rows that fulfil all conditions, ascending."""
        return self._ids(_LIVE, *map(filters.clause_of, conditions))

    def rows_matching(self, ids: Sequence[int], conditions: Sequence[Condition]) -> list[Row]:
        """Return the live rows with these ids that fulfil all conditions, in id order."""
        select = _LIVE_BY_ID.where(*map(filters.clause_of, conditions)).order_by(ItemRow.id)
        return self._rows(select, bind_values(ids))

    def has_metadata(self, name: str, kinds: Collection[Kind] = ()) -> bool:
        """Return whether a live row has metadata of this name, null included, or else with a value of these kinds."""
        exists = sa.select(sa.exists().where(_LIVE, filters.has_metadata(name, kinds)))
        return bool(self._connection.execute(exists).scalar_one())

    def metadata_names(self) -> list[str]:
        """Return the names of all metadata of live rows, in order."""
        return list(self._connection.execute(filters.metadata_names()).scalars())

    def paths(self) -> Iterator[str]:
        """Yield what can be the path of a live row's image: its key, and its metadata `path` if it is another text."""
        columns = sa.select(ItemRow.id, utf8(ItemRow.key), utf8(ItemRow.details)).where(_LIVE)
        last = -1
        while page := self._page(columns, last, _PAGE):
            for _, key, details in page:
                # Damage is reported where a row is answered with: here it is only no path.
                with contextlib.suppress(AttributeError, TypeError, ValueError):
                    yield key.decode()
                    path = json.loads(details).get("path") if b'"path"' in details else None
                    if isinstance(path, str) and path.encode() != key:
                        yield path
            last = page[-1].id

    def page(self, after_id: int, size: int, conditions: Sequence[Condition] = ()) -> list[Row]:
        """Return the next live rows after an id that fulfil all conditions, in id order."""
        select = _ROW.where(_LIVE, *map(filters.clause_of, conditions))
        return [Row._make(values) for values in self._page(select, after_id, size)]

    def rows_between(self, first_id: int, end_id: int) -> list[Row]:
        """Return the rows, live or deleted, with ids from `first_id` up to `end_id` - 1, in id order."""
        return self._rows(_ROW.where(ItemRow.id >= first_id, ItemRow.id < end_id).order_by(ItemRow.id))

    def deleted_by_batch(self, after: int) -> dict[int, list[int]]:
        """Return the ids, ascending, that each batch after a given one deleted."""
        select = sa.select(ItemRow.deleted_in, ItemRow.id).where(ItemRow.deleted_in > after).order_by(ItemRow.id)
        deleted: dict[int, list[int]] = defaultdict(list)
        for batch, id in self._connection.execute(select):
            if batch is not None:
                deleted[batch].append(id)
        return deleted

    def deleted_since(self, batch: int, below: int) -> list[int]:
        """Return the ids smaller than `below` that were deleted after a batch, ascending."""
        return self._ids(ItemRow.deleted_in > batch, ItemRow.id < below)

    def all_rows(self) -> Iterator[tuple[Row, object]]:
        """Yield every row, live or deleted, in id order, with the batch that deleted it; None for a live one."""
        return (pair for page in self.all_row_pages() for pair in page)

    def all_row_pages(self, from_id: int = 0) -> Iterator[list[tuple[Row, object]]]:
        """Yield the rows from an id on as `all_rows` does, a page at a time."""
        last = from_id - 1
        while page := self._page(_ROW_AND_DELETION, last, _PAGE):
            yield [(Row._make(values[:-1]), values[-1]) for values in page]
            last = page[-1].id

    def is_tombstone(self, id: int) -> bool:
        """Return whether there is an intact tombstone of this id."""
        values = self._connection.execute(_ROW_AND_DELETION.where(ItemRow.id == id)).one_or_none()
        # Damage can change a value's type too.
        if values is None or not (isinstance(values.deleted_in, int) and isinstance(values.batch, int)):
            return False
        return values.deleted_in >= values.batch > 0 and (not values.vector or Row._make(values[:-1]).intact)

    def deletions(self, next_id: int) -> list[object] | None:
        """Return, for each id below `next_id`, the batch that deleted it, None for a live row.

        Return None when a row is missing. Ids have no gaps and rows are never removed, so the list's index is the id.
        """
        select = sa.select(ItemRow.id, ItemRow.deleted_in).where(ItemRow.id < next_id).order_by(ItemRow.id)
        pairs = self._connection.execute(select.limit(next_id + 1)).all()
        complete = len(pairs) == next_id and all(pair[0] == id for id, pair in enumerate(pairs))
        return [pair[1] for pair in pairs] if complete else None

    def count(self) -> int:
        """Count the live rows."""
        return int(self._connection.execute(_COUNT_SQLITE if is_sqlite(self._connection) else _COUNT).scalar_one())

    def newest_id(self) -> int:
        """Return the largest id of any row, -1 when there is none."""
        newest = self._connection.execute(sa.select(sa.func.max(ItemRow.id))).scalar_one()
        return -1 if newest is None else int(newest)

    def key_index_is_complete(self, live: int) -> bool:
        """Return whether the index of keys is sorted and has exactly the live rows, of which there are `live`.

        Otherwise a lookup by key may miss an item that exists.
        """
        if not is_sqlite(self._connection):
            # A server maintains its own indexes; a SQLite file can come from anywhere.
            return True
        # Index and table are compared by sums of hashes, since there may be millions of keys.
        count, last, total = 0, b"", 0
        for key, id in self._connection.execute(_KEYS_IN_INDEX):
            if not isinstance(key, bytes) or key <= last:
                return False
            count, last, total = count + 1, key, total + hash((key, id))
        return count == live and total == sum(hash((key, id)) for key, id in self._connection.execute(_KEYS_IN_TABLE))

    def _ids(self, *clauses: sa.ColumnElement[bool]) -> list[int]:
        select = sa.select(ItemRow.id).where(*clauses).order_by(ItemRow.id)
        return list(self._connection.execute(select).scalars())

    def _live_rows(self, sqlite_select: str, select: Any, parameters: dict[str, str]) -> list[Row]:
        """Return the rows of a statement with `in_values`; from SQLite through the driver, which is faster."""
        if not is_sqlite(self._connection):
            return self._rows(select, parameters)
        values = sqlite_connection(self._connection).execute(sqlite_select, tuple(parameters.values())).fetchall()
        return [Row._make(row) for row in values]

    def _rows(self, select: Any, parameters: dict[str, str] | None = None) -> list[Row]:
        return [Row._make(values) for values in self._connection.execute(select, parameters)]

    def _page(self, select: Any, after_id: int, size: int) -> Sequence[Any]:
        """Return the next rows of a query; raise StoreCorrupt when ids do not ascend: paging might never end."""
        page = self._connection.execute(select.where(ItemRow.id > after_id).order_by(ItemRow.id).limit(size)).all()
        ids = [values.id for values in page]
        if any(map(operator.ge, ids, ids[1:])):
            raise StoreCorrupt(
                "expected the rows of items in the order of their ids, but the catalog was damaged after it was "
                "written: restore the store from a backup"
            )
        return page


def _column_values(row: Row) -> tuple[Any, ...]:
    """Return a row's values in the order of its fields, with text decoded."""
    label = None if row.label is None else row.label.decode()
    return row.id, row.batch, row.key.decode(), label, row.content, row.metadata.decode(), row.vector, row.checksum
