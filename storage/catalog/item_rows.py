"""The rows of items: every statement that reads or writes them."""

import contextlib
import json
import operator
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from storage.catalog import filters
from storage.catalog.dialect import bind_ids, bind_values, in_values, insert_rows, is_sqlite, sqlite_connection, utf8
from storage.catalog.page import Page
from storage.catalog.row import Row
from storage.catalog.schema import ItemRow, QuarantineRow
from storage.errors import StoreCorrupt
from storage.types.items import is_storable_text
from storage.types.where import Condition, Kind

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
_LIVE_IDS = sa.select(ItemRow.id).where(in_values(ItemRow.id), _LIVE)
_LIVE_BY_KEY = _ROW.where(in_values(ItemRow.key), _LIVE)
_DELETE = sa.update(ItemRow).where(in_values(ItemRow.id), _LIVE).values(deleted_in=sa.bindparam("batch_number"))

#: What a tombstone without contents has.
_EMPTY = {"key": "", "label": None, "content": b"", "metadata": "{}", "vector": b""}

#: `_LIVE_BY_ID` for the sqlite3 driver, as a join in the order of the ids: `IN` would sort them first.
_IDS = sa.func.json_each(sa.bindparam("ids")).table_valued("value").alias("ids")
_LIVE_BY_ID_SQLITE = str(
    _ROW.select_from(_IDS.join(ItemRow, ItemRow.id == _IDS.c.value)).where(_LIVE).compile(dialect=sqlite.dialect())
)
_LIVE_BY_KEY_SQLITE = str(_LIVE_BY_KEY.compile(dialect=sqlite.dialect()))

#: Whether a live row of a page cannot be found by its key in the index of keys: the table is read without that index.
_UNINDEXED = sa.text(
    "SELECT EXISTS (SELECT 1 FROM items AS stored NOT INDEXED WHERE id BETWEEN :first_id AND :last_id AND "
    "deleted_in IS NULL AND NOT EXISTS (SELECT 1 FROM items AS known INDEXED BY items_live_key WHERE "
    "known.key = stored.key AND known.deleted_in IS NULL AND known.id = stored.id))"
)


class ItemRows:
    """Reads and writes items in one transaction: live rows, and the tombstones of deleted ones."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def write(self, rows: Sequence[Row]) -> None:
        """Write new rows."""
        insert_rows(self._connection, ItemRow, Row._fields, [_column_values(row) for row in rows])

    def write_history(self, rows: Sequence[tuple[Row, object]]) -> None:
        """Write new rows, live or deleted, each with the batch that deleted it; None for a live one."""
        values = []
        for row, deleted_in in rows:
            id, batch, *others = _column_values(row)
            values.append((id, batch, deleted_in, *others))
        insert_rows(self._connection, ItemRow, ItemRow.__table__.columns.keys(), values)

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

    def empty(self, ids: Sequence[int]) -> None:
        """Remove all that can be read of quarantined rows, which are tombstones by now."""
        self._connection.execute(sa.update(ItemRow).where(in_values(ItemRow.id)).values(_EMPTY), bind_values(ids))

    def write_tombstone(self, id: int, batch: int) -> None:
        """Write an empty tombstone for a missing row, recorded as added and deleted by the given batch."""
        values = {"id": id, "batch": batch, "deleted_in": batch, "checksum": b"", **_EMPTY}
        self._connection.execute(sa.insert(ItemRow).values(values))

    def empty_tombstones(self) -> None:
        """Remove the vectors of deleted items; the chain still needs their checksums."""
        self._connection.execute(sa.update(ItemRow).where(ItemRow.deleted_in.is_not(None)).values(vector=b""))

    def by_id(self, ids: Sequence[int]) -> list[Row | None]:
        """Return the live rows with these ids, in the given order; None where there is none."""
        possible = [id for id in ids if abs(id) < 2**63]
        rows = {row.id: row for row in self._live_rows(_LIVE_BY_ID_SQLITE, _LIVE_BY_ID, bind_ids(possible))}
        return [rows.get(id) for id in ids]

    def all_live(self, ids: list[int]) -> bool:
        """Return whether every one of these ids, each once, is that of a live row."""
        return len(self._connection.execute(_LIVE_IDS, bind_ids(ids)).all()) == len(ids)

    def by_key(self, keys: Sequence[str]) -> list[Row | None]:
        """Return the live rows with these keys, in the given order; None where there is none."""
        possible = {key: key.encode() for key in keys if is_storable_text(key)}
        rows = {row.key: row for row in self.with_keys(list(possible))}
        return [rows.get(possible[key]) if key in possible else None for key in keys]

    def with_keys(self, keys: Sequence[str]) -> list[Row]:
        """Return the live rows that have one of these keys, which are storable texts, in any order."""
        return self._live_rows(_LIVE_BY_KEY_SQLITE, _LIVE_BY_KEY, bind_values(keys))

    def intact_with_vector(self, ids: Sequence[int]) -> list[Row]:
        """Return the intact rows with these ids, live or deleted, that still have their vectors, in id order."""
        rows = self._rows(_BY_ID.order_by(ItemRow.id), bind_values(ids))
        return [row for row in rows if row.intact and row.vector]

    def end_of_page(self, after_id: int, end_id: int, size: int) -> int | None:
        """Return the last id of a page of at most `size` rows, live or deleted, after an id; None if there is no row.

        Ids are below `end_id`. Raise StoreCorrupt when ids do not ascend: paging might never end.
        """
        ids = sa.select(ItemRow.id).where(ItemRow.id > after_id, ItemRow.id < end_id).order_by(ItemRow.id).limit(size)
        last: int | None = self._connection.execute(sa.select(sa.func.max(ids.subquery().c.id))).scalar_one()
        if last is not None and last <= after_id:
            raise _unordered()
        return last

    def in_page(self, page: Page) -> list[tuple[Row, object]]:
        """Return the rows of a page, live or deleted, in id order, with the batch that deleted each; None for none."""
        rows = self._in_page(_ROW_AND_DELETION, page, page.rows())
        return [(Row._make(values[:-1]), values[-1]) for values in rows]

    def live_in_page(self, page: Page, conditions: Sequence[Condition]) -> list[tuple[Row, object]]:
        """Return the live rows of a page that fulfil all conditions, as `in_page` does."""
        rows = self._in_page(_ROW_AND_DELETION, page, page.live_rows(), *map(filters.clause_of, conditions))
        return [(Row._make(values[:-1]), values[-1]) for values in rows]

    def lost_vectors(self, page: Page) -> bool:
        """Return whether a row of a page that was live after the fixed batch has no vector any more."""
        compacted = self._in_page(sa.select(ItemRow.id), page, page.live_rows(), ItemRow.vector == b"")
        return len(compacted) > 0

    def deletions(self, page: Page) -> list[tuple[int, object]]:
        """Return the id of each row of a page with the batch that deleted it, None for a live row."""
        rows = self._in_page(sa.select(ItemRow.id, ItemRow.deleted_in), page, page.rows())
        return [(id, None if page.deleted_later(deleted_in) else deleted_in) for id, deleted_in in rows]

    def contents(self, page: Page) -> list[tuple[int, object]]:
        """Return the id and content digest of each live row of a page, unchecked."""
        rows = self._in_page(sa.select(ItemRow.id, ItemRow.content), page, page.live_rows())
        return [(id, content) for id, content in rows]

    def ids_matching(self, page: Page, conditions: Sequence[Condition]) -> list[int]:
        """Return the ids of the live rows of a page that fulfil all conditions, ascending."""
        rows = self._in_page(sa.select(ItemRow.id), page, page.live_rows(), *map(filters.clause_of, conditions))
        return [id for (id,) in rows]

    def rows_matching(self, ids: Sequence[int], conditions: Sequence[Condition]) -> list[Row]:
        """Return the live rows with these ids that fulfil all conditions, in id order."""
        select = _LIVE_BY_ID.where(*map(filters.clause_of, conditions)).order_by(ItemRow.id)
        return self._rows(select, bind_values(ids))

    def count(self, page: Page) -> int:
        """Count the live rows of a page."""
        return int(self._connection.execute(sa.select(sa.func.count()).where(page.live_rows())).scalar_one())

    def has_metadata(self, page: Page, name: str, kinds: Collection[Kind] = ()) -> bool:
        """Return whether a live row of a page has metadata of this name.

        Its value may be null; with `kinds` it must be of one of these.
        """
        exists = sa.select(sa.exists().where(page.live_rows(), filters.has_metadata(name, kinds)))
        return bool(self._connection.execute(exists).scalar_one())

    def metadata_names(self, page: Page) -> list[str]:
        """Return the distinct names of the metadata of a page's live rows, in any order."""
        return list(self._connection.execute(filters.metadata_names().where(page.live_rows())).scalars())

    def paths(self, page: Page) -> list[str]:
        """Return what can be paths of a page's live rows' images: keys, and metadata `path` if it is another text."""
        columns = sa.select(ItemRow.id, utf8(ItemRow.key), utf8(ItemRow.details))
        paths = []
        for _, key, details in self._in_page(columns, page, page.live_rows()):
            # Damage is reported where a row is answered with: here it is only no path.
            with contextlib.suppress(AttributeError, TypeError, ValueError):
                paths.append(key.decode())
                path = json.loads(details).get("path") if b'"path"' in details else None
                if isinstance(path, str) and path.encode() != key:
                    paths.append(path)
        return paths

    def page(self, after_id: int, size: int, conditions: Sequence[Condition] = ()) -> list[Row]:
        """Return the next live rows after an id that fulfil all conditions, in id order."""
        select = _ROW.where(_LIVE, ItemRow.id > after_id, *map(filters.clause_of, conditions))
        return [Row._make(values) for values in self._ordered(select.order_by(ItemRow.id).limit(size))]

    def deleted_by_batch(self, page: Page, after: int) -> list[tuple[int, int]]:
        """Return the batch and the id, ascending, of each row of a page that a batch after a given one deleted."""
        select = sa.select(ItemRow.deleted_in, ItemRow.id)
        rows = self._in_page(select, page, page.rows(), ItemRow.deleted_in > after, ItemRow.deleted_in <= page.batch)
        return [(batch, id) for batch, id in rows]

    def deleted_since(self, batch: int, below: int) -> list[int]:
        """Return the ids smaller than `below` that were deleted after a batch, ascending."""
        return self._ids(ItemRow.deleted_in > batch, ItemRow.id < below)

    def is_tombstone(self, id: int) -> bool:
        """Return whether there is an intact tombstone of this id."""
        values = self._connection.execute(_ROW_AND_DELETION.where(ItemRow.id == id)).one_or_none()
        # Damage can change a value's type too.
        if values is None or not (isinstance(values.deleted_in, int) and isinstance(values.batch, int)):
            return False
        return values.deleted_in >= values.batch > 0 and (not values.vector or Row._make(values[:-1]).intact)

    def newest_id(self) -> int:
        """Return the largest id of any row, -1 when there is none."""
        newest = self._connection.execute(sa.select(sa.func.max(ItemRow.id))).scalar_one()
        return -1 if newest is None else int(newest)

    def keys_are_indexed(self, page: Page) -> bool:
        """Return whether each row of a page that is live by now is found by its key in the index of keys."""
        if not is_sqlite(self._connection):
            # A server maintains its own indexes; a SQLite file can come from anywhere.
            return True
        bounds = {"first_id": page.first_id, "last_id": page.last_id}
        return not self._connection.execute(_UNINDEXED, bounds).scalar_one()

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

    def _in_page(self, select: Any, page: Page, *clauses: sa.ColumnElement[bool]) -> Sequence[Any]:
        """Return the rows of a query over a page, in id order."""
        return self._ordered(select.where(*clauses).order_by(ItemRow.id).limit(page.size))

    def _ordered(self, select: Any) -> Sequence[Any]:
        """Return the rows of a query in id order; raise StoreCorrupt when ids do not ascend."""
        rows = self._connection.execute(select).all()
        ids = [values.id for values in rows]
        if any(map(operator.ge, ids, ids[1:])):
            raise _unordered()
        return rows


def _unordered() -> StoreCorrupt:
    return StoreCorrupt(
        "expected the rows of items in the order of their ids, but the catalog was damaged after it was written: "
        "restore the store from a backup"
    )


def _column_values(row: Row) -> tuple[Any, ...]:
    """Return a row's values in the order of its fields, with text decoded."""
    label = None if row.label is None else row.label.decode()
    return row.id, row.batch, row.key.decode(), label, row.content, row.metadata.decode(), row.vector, row.checksum
