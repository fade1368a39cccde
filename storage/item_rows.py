"""The rows of items: every statement that reads or writes them."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from storage.items import is_text
from storage.rows import Row
from storage.schema import Blob, ItemRow, SetAsideRow

#: How many rows are held at once while a table is walked.
PAGE = 4096

# Text is read as the bytes that it is, so that a row can be checked before anything is made of it.
_ROW = sa.select(
    ItemRow.id,
    ItemRow.batch,
    sa.cast(ItemRow.key, Blob).label("key"),
    sa.cast(ItemRow.label, Blob).label("label"),
    ItemRow.content,
    sa.cast(ItemRow.details, Blob).label("metadata"),
    ItemRow.vector,
    ItemRow.checksum,
)
_LIVE = ItemRow.deleted_in.is_(None)

#: The columns that a new row fills, in the order of `Row`'s fields.
_COLUMNS = ["id", "batch", "key", "label", "content", "metadata", "vector", "checksum"]

#: All that are asked for, as one JSON array in one bound value: a statement that never changes is put together
#: once, and SQLite's limit on the number of values does not matter. https://sqlite.org/json1.html#jeach
ASKED = sa.select(sa.func.json_each(sa.bindparam("asked", type_=sa.Text)).table_valued("value").c.value)

_ROW_BY_ID = _ROW.where(ItemRow.id.in_(ASKED), _LIVE)
_ROW_BY_KEY = _ROW.where(ItemRow.key.in_(ASKED), _LIVE)
_ID_BY_KEY = sa.select(ItemRow.id).where(ItemRow.key.in_(ASKED), _LIVE)
_CONTENT_BY_KEY = sa.select(ItemRow.key, ItemRow.content).where(ItemRow.key.in_(ASKED), _LIVE)
_BURY = sa.update(ItemRow).where(ItemRow.id.in_(ASKED), _LIVE).values(deleted_in=sa.bindparam("in_batch"))


def asked(values: Sequence[int] | Sequence[str]) -> dict[str, str]:
    """Return the value to bind for what a statement asks for."""
    return {"asked": json.dumps(values)}


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
        # Handed to the driver as they are: turning them into an ORM's parameters takes longer than writing them.
        insert = str(sa.insert(ItemRow).compile(dialect=self._connection.dialect, column_keys=_COLUMNS))
        self._connection.exec_driver_sql(insert, [_written(row) for row in rows])

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
        found = {row.id: row for row in map(Row._make, self._connection.execute(_ROW_BY_ID, asked(fitting)).all())}
        return [found.get(id) for id in ids]

    def by_key(self, keys: Sequence[str]) -> list[Row | None]:
        """Return the live rows with these keys, in the order asked; None where there is none."""
        storable = [key for key in keys if is_text(key)]
        found = {row.key: row for row in map(Row._make, self._connection.execute(_ROW_BY_KEY, asked(storable)).all())}
        return [found.get(key.encode()) if is_text(key) else None for key in keys]

    def ids_of(self, keys: Sequence[str]) -> list[int]:
        """Return the ids of the live rows that have one of these keys, ascending."""
        return sorted(self._connection.execute(_ID_BY_KEY, asked(keys)).scalars())

    def contents(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the content digest of each of these keys that is stored."""
        return {row.key: row.content for row in self._connection.execute(_CONTENT_BY_KEY, asked(keys))}

    def page(self, after_id: int, size: int) -> list[Row]:
        """Return the next live rows after an id, in id order."""
        chosen = _ROW.where(_LIVE, ItemRow.id > after_id).order_by(ItemRow.id).limit(size)
        return [Row._make(row) for row in self._connection.execute(chosen)]

    def pages(self, after_batch: int = 0) -> Iterator[list[Row]]:
        """Walk the live rows of later batches in id order, a page at a time."""
        for page in self._pages(_ROW.where(_LIVE, ItemRow.batch > after_batch)):
            yield [Row._make(row) for row in page]

    def history(self) -> Iterator[tuple[Row, int | None]]:
        """Walk every row that was ever written, in id order, with the batch that deleted it."""
        for page in self._pages(_ROW.add_columns(ItemRow.deleted_in)):
            for row in page:
                yield Row._make(row[:-1]), row[-1]

    def _pages(self, chosen: Any) -> Iterator[Any]:
        """Walk what a selection of rows finds, holding a page of it at a time."""
        last = -1
        while page := self._connection.execute(chosen.where(ItemRow.id > last).order_by(ItemRow.id).limit(PAGE)).all():
            yield page
            last = page[-1].id

    def live_ids_at(self, batch: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the ids that lived after a batch, ascending (n,) int64, and which of them live still, (n,) bool."""
        chosen = (
            sa.select(ItemRow.id, ItemRow.deleted_in)
            .where(ItemRow.batch <= batch, sa.or_(_LIVE, ItemRow.deleted_in > batch))
            .order_by(ItemRow.id)
        )
        found = self._connection.execute(chosen).all()
        ids = np.fromiter((row[0] for row in found), np.int64, len(found))
        return ids, np.fromiter((row[1] is None for row in found), np.bool_, len(found))

    def label_counts(self) -> dict[str | None, int]:
        """Return how many live items each label has, by label, those without one last."""
        counts = sa.select(ItemRow.label, sa.func.count().label("items")).where(_LIVE).group_by(ItemRow.label)
        ordered = counts.order_by(ItemRow.label.is_(None), ItemRow.label)
        return {row.label: row.items for row in self._connection.execute(ordered)}
