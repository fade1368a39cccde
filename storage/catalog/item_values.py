"""Values of items in tables of their own; the chain does not cover them, so each has a checksum of its own.

A row is an item's id, its value, and a checksum over both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeGuard, TypeVar

import sqlalchemy as sa

from storage.catalog.dialect import bind_values, in_values
from storage.catalog.schema import ItemRow, ItemSourceRow, ThumbnailRow
from storage.errors import StoreCorrupt

Value = TypeVar("Value", bytes, str)

#: Rows read at once while the whole table is read.
_PAGE = 1024

_DELETED_ITEMS = sa.select(ItemRow.id).where(ItemRow.deleted_in.is_not(None))


@dataclass(frozen=True)
class ItemValues(Generic[Value]):
    """The values of one kind: `select` is a query for their rows, `checksum` that of an item's id and its value.

    `is_possible` says of anything in the place of a value whether it has the type and the size of those that are
    written.
    """

    kind: str
    table: type[ThumbnailRow | ItemSourceRow]
    select: sa.Select[int, Value, bytes]
    is_possible: Callable[[object], TypeGuard[Value]]
    checksum: Callable[[int, Value], bytes]

    def by_item(
        self, connection: sa.Connection, select: sa.Select[int, Value, bytes], ids: Sequence[int]
    ) -> dict[int, Value]:
        """Return values by item: those that a `select` with `in_values` has; raise StoreCorrupt for a damaged one."""
        values = {}
        # All are read first: a cursor that the traceback of an error keeps open would keep its transaction open.
        for item, value, checksum in connection.execute(select, bind_values(ids)).all():
            if not self._is_intact(item, value, checksum):
                raise StoreCorrupt(
                    f"expected the {self.kind} of item {item} to match its checksum, but it was damaged after it was "
                    "written: run `lookalike store repair`, or restore the store from a backup"
                )
            values[item] = value
        return values

    def page(self, connection: sa.Connection, after: int) -> list[tuple[int, bool]]:
        """Return the next items after one that have values, ascending, and whether each value is intact.

        It matches its checksum then, and its item is there: an item that is added later could not have one.
        """
        select = self.select.outerjoin(ItemRow, ItemRow.id == self.table.item).add_columns(ItemRow.id)
        rows = connection.execute(select.where(self.table.item > after).order_by(self.table.item).limit(_PAGE))
        return [
            (item, id is not None and self._is_intact(item, value, checksum))
            for item, value, checksum, id in rows.all()
        ]

    def remove(self, connection: sa.Connection, ids: Sequence[int]) -> None:
        """Remove the values of these items."""
        connection.execute(sa.delete(self.table).where(in_values(self.table.item)), bind_values(ids))

    def remove_deleted(self, connection: sa.Connection) -> None:
        """Remove the values of deleted items."""
        connection.execute(sa.delete(self.table).where(self.table.item.in_(_DELETED_ITEMS)))

    def _is_intact(self, item: object, value: object, checksum: object) -> bool:
        """Return whether a row matches its checksum; damage can change a value's type too."""
        return isinstance(item, int) and self.is_possible(value) and self.checksum(item, value) == checksum
