"""The rows of thumbnails, in a table of their own so that reading items' rows stays cheap."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from storage.catalog.checksum import thumbnail_checksum
from storage.catalog.dialect import in_values, insert_rows, is_sqlite
from storage.catalog.item_values import ItemValues
from storage.catalog.schema import ItemRow, ThumbnailRow
from storage.errors import StoreCorrupt
from storage.types.storable import is_stored_thumbnail

_THUMBNAILS = ItemValues(
    "thumbnail",
    ThumbnailRow,
    sa.select(ThumbnailRow.item, ThumbnailRow.png, ThumbnailRow.checksum),
    is_stored_thumbnail,
    thumbnail_checksum,
)
_BY_ITEM = _THUMBNAILS.select.where(in_values(ThumbnailRow.item))
_LIVE_BY_ITEM = _THUMBNAILS.select.join(ItemRow, ItemRow.id == ThumbnailRow.item).where(
    in_values(ThumbnailRow.item), ItemRow.deleted_in.is_(None)
)


class ThumbnailRows:
    """Reads and writes thumbnails in one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def write(self, thumbnails: Mapping[int, bytes]) -> None:
        """Write the thumbnails of new items, by id."""
        rows = [(item, png, thumbnail_checksum(item, png)) for item, png in thumbnails.items()]
        insert_rows(self._connection, ThumbnailRow, ["item", "png", "checksum"], rows)

    def by_item(self, ids: Sequence[int], *, deleted: bool = False) -> dict[int, bytes]:
        """Return the thumbnails of these items, by id; raise StoreCorrupt for a damaged one.

        Those of deleted items are left out unless `deleted`.
        """
        return _THUMBNAILS.by_item(self._connection, _BY_ITEM if deleted else _LIVE_BY_ITEM, ids)

    def require_searchable(self) -> None:
        """Raise StoreCorrupt when the table's B-tree is damaged, so that a lookup may miss a row that exists."""
        if not is_sqlite(self._connection):
            return
        ((result, *_), *_) = self._connection.exec_driver_sql("PRAGMA quick_check('thumbnails')")
        if result != "ok":
            raise StoreCorrupt(
                f"expected the thumbnails in order, got '{result.splitlines()[-1]}': run `lookalike store repair`, "
                "or restore the store from a backup"
            )

    def page(self, after: int) -> list[tuple[int, bool]]:
        """Return the next items after one that have thumbnails, and whether each is intact; none at the end."""
        return _THUMBNAILS.page(self._connection, after)

    def remove(self, ids: Sequence[int]) -> None:
        """Remove the thumbnails of these items."""
        _THUMBNAILS.remove(self._connection, ids)

    def remove_deleted(self) -> None:
        """Remove the thumbnails of deleted items."""
        _THUMBNAILS.remove_deleted(self._connection)
