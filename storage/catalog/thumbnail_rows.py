"""The rows of thumbnails, in a table of their own so that reading items' rows stays cheap."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from storage.catalog.checksum import thumbnail_checksum
from storage.catalog.dialect import bind_values, in_values, insert_rows, is_sqlite
from storage.catalog.schema import ItemRow, ThumbnailRow
from storage.errors import StoreCorrupt

_THUMBNAIL = sa.select(ThumbnailRow.item, ThumbnailRow.png, ThumbnailRow.checksum)
_BY_ITEM = _THUMBNAIL.where(in_values(ThumbnailRow.item))
_LIVE_BY_ITEM = _THUMBNAIL.join(ItemRow, ItemRow.id == ThumbnailRow.item).where(
    in_values(ThumbnailRow.item), ItemRow.deleted_in.is_(None)
)

#: Rows fetched at once while the whole table is read.
_PAGE = 4096


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
        thumbnails = {}
        select = _BY_ITEM if deleted else _LIVE_BY_ITEM
        for item, png, checksum in self._connection.execute(select, bind_values(ids)):
            if not _is_intact(item, png, checksum):
                raise StoreCorrupt(
                    f"expected the thumbnail of item {item} to match its checksum, but it was damaged after it was "
                    "written: run `lookalike store repair`, or restore the store from a backup"
                )
            thumbnails[item] = png
        return thumbnails

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

    def damaged(self) -> list[int]:
        """Return the items whose thumbnails do not match their checksums, ascending."""
        rows = self._connection.execute(_THUMBNAIL.order_by(ThumbnailRow.item).execution_options(yield_per=_PAGE))
        return [item for item, png, checksum in rows if not _is_intact(item, png, checksum)]

    def remove(self, ids: Sequence[int]) -> None:
        """Remove the thumbnails of these items."""
        self._connection.execute(sa.delete(ThumbnailRow).where(in_values(ThumbnailRow.item)), bind_values(ids))

    def remove_deleted(self) -> None:
        """Remove the thumbnails of deleted items."""
        deleted = sa.select(ItemRow.id).where(ItemRow.deleted_in.is_not(None))
        self._connection.execute(sa.delete(ThumbnailRow).where(ThumbnailRow.item.in_(deleted)))


def _is_intact(item: object, png: object, checksum: object) -> bool:
    """Return whether a row matches its checksum; damage can change a value's type too."""
    return isinstance(item, int) and isinstance(png, bytes) and thumbnail_checksum(item, png) == checksum
