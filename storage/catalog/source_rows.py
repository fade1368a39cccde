"""The rows of sources, and the source of each item.

They are apart from the rows of items: an item's source may change, when a folder was moved as a whole, while the item
keeps its id. A checksum covers the item's id and the name of its source; without an intact row an item has no source,
and is never removed for one.
"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from storage.catalog.checksum import source_checksum
from storage.catalog.dialect import in_values, insert_rows
from storage.catalog.item_values import ItemValues
from storage.catalog.page import Page
from storage.catalog.schema import ItemRow, ItemSourceRow, SourceRow
from storage.types.storable import is_stored_text

_SOURCES = ItemValues(
    "source",
    ItemSourceRow,
    sa.select(ItemSourceRow.item, SourceRow.name, ItemSourceRow.checksum).outerjoin(
        SourceRow, SourceRow.number == ItemSourceRow.source
    ),
    is_stored_text,
    source_checksum,
)
_ITEMS = sa.join(ItemSourceRow, SourceRow, SourceRow.number == ItemSourceRow.source).join(
    ItemRow, ItemRow.id == ItemSourceRow.item
)
_BY_ITEM = _SOURCES.select.where(in_values(ItemSourceRow.item))


class SourceRows:
    """Reads and writes sources in one transaction; a store of format 2 or older has no tables for them."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def _tables_exist(self) -> bool:
        return sa.inspect(self._connection).has_table(ItemSourceRow.__tablename__)

    def write(self, sources: Mapping[int, str]) -> None:
        """Write the names of the sources of items, by the items' ids, in place of those that they had."""
        if sources:
            self.remove(list(sources))
        self.add(sources)

    def add(self, sources: Mapping[int, str]) -> None:
        """Write the names of the sources of new items, by the items' ids."""
        numbers = {name: self._number(name) for name in dict.fromkeys(sources.values())}
        rows = [(item, numbers[name], source_checksum(item, name)) for item, name in sources.items()]
        insert_rows(self._connection, ItemSourceRow, ["item", "source", "checksum"], rows)

    def _number(self, name: str) -> int:
        """Return the number of a source, which is new if there was none of this name."""
        select = sa.select(SourceRow.number).where(SourceRow.name == name).limit(1)
        existing = self._connection.execute(select).scalar_one_or_none()
        if existing is not None:
            return existing
        number = (self._connection.execute(sa.select(sa.func.max(SourceRow.number))).scalar_one() or 0) + 1
        self._connection.execute(sa.insert(SourceRow).values(number=number, name=name))
        return number

    def by_item(self, ids: Sequence[int]) -> dict[int, str]:
        """Return the names of the sources of these items by id, without those that have none; raise StoreCorrupt."""
        if not ids or not self._tables_exist():
            return {}
        return _SOURCES.by_item(self._connection, _BY_ITEM, ids)

    def items_of(self, name: str, page: Page) -> list[int]:
        """Return the ids of the live items of a source in a page, ascending; their rows are not checked."""
        if not self._tables_exist():
            return []
        select = sa.select(ItemSourceRow.item).select_from(_ITEMS).where(SourceRow.name == name, page.live_rows())
        return list(self._connection.execute(select.order_by(ItemSourceRow.item)).scalars())

    def counts(self, page: Page) -> dict[str, int]:
        """Return how many live items of a page each source has, by name; their rows are not checked."""
        if not self._tables_exist():
            return {}
        select = sa.select(SourceRow.name, sa.func.count()).select_from(_ITEMS).where(page.live_rows())
        rows = self._connection.execute(select.group_by(SourceRow.name))
        return {str(name): int(count) for name, count in rows}

    def page(self, after: int) -> list[tuple[int, bool]]:
        """Return the next items after one that have a source, and whether each is intact; none at the end."""
        return _SOURCES.page(self._connection, after) if self._tables_exist() else []

    def remove(self, ids: Sequence[int]) -> None:
        """Remove the sources of these items."""
        _SOURCES.remove(self._connection, ids)

    def remove_deleted(self) -> None:
        """Remove the sources of deleted items."""
        _SOURCES.remove_deleted(self._connection)
