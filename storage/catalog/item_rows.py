"""The rows of items: every statement that reads or writes them."""

import operator
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from storage.catalog import filters
from storage.catalog.dialect import asked, asked_for, driver_of, is_sqlite, utf8, write_rows
from storage.catalog.rows import Row
from storage.catalog.schema import ItemRow, SetAsideRow
from storage.errors import StoreCorrupt
from storage.types.items import is_text
from storage.types.where import Condition

#: How many rows are held at once while a table is walked.
PAGE = 4096

# Text is read as the bytes that it is, so that a row can be checked before anything is made of it.
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
_ASKED = sa.func.json_each(sa.bindparam("asked")).table_valued("value").alias("asked")

#: The keys of live rows, from the index over them alone and from the rows alone.
_KEYS_OF_INDEX = sa.text(
    "SELECT CAST(key AS BLOB), id FROM items INDEXED BY items_live_key WHERE deleted_in IS NULL ORDER BY key"
)
_COUNT_OF_ROWS = sa.text("SELECT count(*) FROM items NOT INDEXED WHERE deleted_in IS NULL")
_COUNT = sa.select(sa.func.count()).select_from(ItemRow).where(_LIVE)
_NEWEST_ID = sa.select(sa.func.max(ItemRow.id))
_KEYS_OF_ROWS = sa.text("SELECT CAST(key AS BLOB), id FROM items NOT INDEXED WHERE deleted_in IS NULL")

#: The columns that a new row fills, in the order of `Row`'s fields.
_COLUMNS = ["id", "batch", "key", "label", "content", "metadata", "vector", "checksum"]

_ROW_BY_ID = _ROW.where(asked_for(ItemRow.id), _LIVE)
#: The same, each id looked up as it comes: SQLite need not sort them first.
_ROW_OF_EACH_ID = str(
    _ROW.select_from(_ASKED.join(ItemRow, ItemRow.id == _ASKED.c.value)).where(_LIVE).compile(dialect=sqlite.dialect())
)
_ROW_BY_KEY = _ROW.where(asked_for(ItemRow.key), _LIVE)
_WITH_DELETION = _ROW.add_columns(ItemRow.deleted_in)
_BURY = sa.update(ItemRow).where(asked_for(ItemRow.id), _LIVE).values(deleted_in=sa.bindparam("in_batch"))


def _written(row: Row) -> tuple[Any, ...]:
    """Return a row's values for its columns, text as text."""
    label = None if row.label is None else row.label.decode()
    return row.id, row.batch, row.key.decode(), label, row.content, row.metadata.decode(), row.vector, row.checksum


class ItemRows:
    """The items as one transaction sees them: live ones, and the tombstones of those that were deleted."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def write(self, rows: Sequence[Row]) -> None:
        """Write new rows."""
        write_rows(self._connection, ItemRow, _COLUMNS, [_written(row) for row in rows])

    def bury(self, ids: Sequence[int], batch: int) -> None:
        """Turn live rows into tombstones of the given batch."""
        if ids:
            self._connection.execute(_BURY, {**asked(ids), "in_batch": batch})

    def set_aside(self, id: int, batch: int) -> None:
        """Copy a damaged row to where people can look at it, as it is, and leave an empty one of the given batch."""
        kept = [column.name for column in SetAsideRow.__table__.columns if column.name != "item"]
        found = sa.select(ItemRow.id, *(ItemRow.__table__.c[name] for name in kept)).where(ItemRow.id == id)
        self._connection.execute(sa.delete(SetAsideRow).where(SetAsideRow.item == id))
        self._connection.execute(sa.insert(SetAsideRow).from_select(["item", *kept], found))
        self._connection.execute(sa.update(ItemRow).where(ItemRow.id == id).values(vector=b"", batch=batch))

    def write_tombstone(self, id: int, batch: int) -> None:
        """Write the row of an item of which nothing is known but that it was added in a batch; it counts as deleted."""
        nothing = {"key": "", "label": None, "content": b"", "metadata": "{}", "vector": b"", "checksum": b""}
        self._connection.execute(sa.insert(ItemRow).values(id=id, batch=batch, deleted_in=batch, **nothing))

    def empty_tombstones(self) -> None:
        """Drop the vectors of deleted items; the checksums stay, for the chain."""
        self._connection.execute(sa.update(ItemRow).where(ItemRow.deleted_in.is_not(None)).values(vector=b""))

    def by_id(self, ids: Sequence[int]) -> list[Row | None]:
        """Return the live rows with these ids, in the order asked; None where there is none."""
        fitting = [id for id in ids if abs(id) < 2**63]
        if not is_sqlite(self._connection):
            rows = map(Row._make, self._connection.execute(_ROW_BY_ID, asked(fitting)).all())
            found = {row.id: row for row in rows}
            return [found.get(id) for id in ids]
        # Handed to the driver as it is: every answer asks this, and SQLAlchemy takes longer over it than SQLite.
        cursor = driver_of(self._connection).execute(_ROW_OF_EACH_ID, (f"[{','.join(map(str, fitting))}]",))
        found = {row[0]: Row._make(row) for row in cursor.fetchall()}
        return [found.get(id) for id in ids]

    def by_key(self, keys: Sequence[str]) -> list[Row | None]:
        """Return the live rows with these keys, in the order asked; None where there is none."""
        storable = [key for key in keys if is_text(key)]
        found = {row.key: row for row in map(Row._make, self._connection.execute(_ROW_BY_KEY, asked(storable)).all())}
        return [found.get(key.encode()) if is_text(key) else None for key in keys]

    def chosen(self, conditions: Sequence[Condition]) -> list[int]:
        """Return the ids of the live rows that fulfil all conditions, ascending."""
        fulfilled = sa.select(ItemRow.id).where(_LIVE, *map(filters.clause_of, conditions)).order_by(ItemRow.id)
        return list(self._connection.execute(fulfilled).scalars())

    def any_has(self, name: str) -> bool:
        """Tell whether a live row has metadata of this name."""
        found = sa.select(sa.exists().where(_LIVE, filters.has_metadata(name)))
        return bool(self._connection.execute(found).scalar_one())

    def names_of_metadata(self) -> list[str]:
        """Return the names of all metadata that live rows have, in order."""
        return list(self._connection.execute(filters.names_of_metadata()).scalars())

    def among(self, ids: Sequence[int], conditions: Sequence[Condition]) -> list[Row]:
        """Return the live rows with these ids that fulfil all conditions, in id order."""
        chosen = _ROW_BY_ID.where(*map(filters.clause_of, conditions)).order_by(ItemRow.id)
        return [Row._make(row) for row in self._connection.execute(chosen, asked(ids))]

    def page(self, after_id: int, size: int, conditions: Sequence[Condition] = ()) -> list[Row]:
        """Return the next live rows after an id that fulfil all conditions, in id order."""
        chosen = _ROW.where(_LIVE, *map(filters.clause_of, conditions))
        return [Row._make(row) for row in self._page(chosen, after_id, size)]

    def added(self, from_id: int, to_id: int) -> list[Row]:
        """Return the rows with ids from one up to, and without, another, whether they live or not, in id order."""
        chosen = _ROW.where(ItemRow.id >= from_id, ItemRow.id < to_id).order_by(ItemRow.id)
        return [Row._make(row) for row in self._connection.execute(chosen)]

    def deleted_by_batch(self, after: int) -> dict[int, list[int]]:
        """Return the ids, ascending, that each batch after a given one deleted."""
        chosen = sa.select(ItemRow.deleted_in, ItemRow.id).where(ItemRow.deleted_in > after).order_by(ItemRow.id)
        deleted: dict[int, list[int]] = defaultdict(list)
        for batch, id in self._connection.execute(chosen):
            if batch is not None:
                deleted[batch].append(id)
        return deleted

    def live_ids(self) -> list[int]:
        """Return the ids of all live rows, ascending."""
        return list(self._connection.execute(sa.select(ItemRow.id).where(_LIVE).order_by(ItemRow.id)).scalars())

    def deleted_since(self, batch: int, below: int) -> list[int]:
        """Return the ids below one that were deleted after a batch, ascending."""
        since = sa.select(ItemRow.id).where(ItemRow.deleted_in > batch, ItemRow.id < below).order_by(ItemRow.id)
        return list(self._connection.execute(since).scalars())

    def history(self) -> Iterator[tuple[Row, object]]:
        """Walk every row that was ever written, in id order, with the batch that deleted it, None for a live one."""
        return (pair for page in self.history_pages() for pair in page)

    def history_pages(self, from_id: int = 0) -> Iterator[list[tuple[Row, object]]]:
        """Walk the rows from an id on as `history` does, a page at a time."""
        last = from_id - 1
        while page := self._page(_WITH_DELETION, last, PAGE):
            yield [(Row._make(row[:-1]), row[-1]) for row in page]
            last = page[-1].id

    def _page(self, chosen: Any, after_id: int, size: int) -> Sequence[Any]:
        """Return the next rows that a selection finds; raise StoreCorrupt when ids do not ascend: it might not end."""
        page = self._connection.execute(chosen.where(ItemRow.id > after_id).order_by(ItemRow.id).limit(size)).all()
        ids = [row.id for row in page]
        if any(map(operator.ge, ids, ids[1:])):
            raise StoreCorrupt(
                "expected the rows of items in the order of their ids, but the catalog was damaged after it was "
                "written: restore the store from a backup"
            )
        return page

    def gone(self, id: int) -> bool:
        """Tell whether there is a tombstone of this id; a row that was written stays for ever."""
        found = self._connection.execute(_WITH_DELETION.where(ItemRow.id == id)).one_or_none()
        # Damage can change a value's type too.
        if found is None or not (isinstance(found.deleted_in, int) and isinstance(found.batch, int)):
            return False
        return found.deleted_in >= found.batch > 0 and (not found.vector or Row._make(found[:-1]).whole)

    def fates(self, next_id: int) -> list[object] | None:
        """Return the batch that deleted each row below an id, None for one that lives; nothing unless all are there.

        Ids are given out without a gap and rows stay for ever, so no row can have taken another's id unnoticed.
        """
        chosen = sa.select(ItemRow.id, ItemRow.deleted_in).where(ItemRow.id < next_id).order_by(ItemRow.id)
        found = self._connection.execute(chosen.limit(next_id + 1)).all()
        whole = len(found) == next_id and all(row[0] == place for place, row in enumerate(found))
        return [row[1] for row in found] if whole else None

    def count(self) -> int:
        """Return how many rows live, counted."""
        return int(self._connection.execute(_COUNT_OF_ROWS if is_sqlite(self._connection) else _COUNT).scalar_one())

    def newest_id(self) -> int:
        """Return the largest id that was ever given out, -1 when none was."""
        newest = self._connection.execute(_NEWEST_ID).scalar_one()
        return -1 if newest is None else int(newest)

    def keys_agree(self, live: int) -> bool:
        """Tell whether the index over the keys leads to all live rows, of which there are as many as given.

        Only then a key that it does not lead to is the key of no item.
        """
        if not is_sqlite(self._connection):
            # A server's indexes are its own; a file may come from anywhere.
            return True
        # A sum of hashes, since there may be millions; an index that is not in order cannot be searched.
        left, last, total = live, b"", 0
        for key, id in self._connection.execute(_KEYS_OF_INDEX):
            if not isinstance(key, bytes) or key <= last:
                return False
            left, last, total = left - 1, key, total + hash((key, id))
        return left == 0 and total == sum(hash((key, id)) for key, id in self._connection.execute(_KEYS_OF_ROWS))
