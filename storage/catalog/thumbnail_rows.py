"""Small pictures of items, apart from their rows so that reading rows stays cheap."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from storage.catalog.checksum import thumbnail_checksum
from storage.catalog.dialect import asked, asked_for, is_sqlite, write_rows
from storage.catalog.schema import ItemRow, ThumbnailRow
from storage.errors import StoreCorrupt

_THUMBNAIL = sa.select(ThumbnailRow.item, ThumbnailRow.png, ThumbnailRow.checksum)
_LIVE = ItemRow.deleted_in.is_(None)
_BY_ITEM = _THUMBNAIL.join(ItemRow, ItemRow.id == ThumbnailRow.item).where(asked_for(ThumbnailRow.item), _LIVE)


class ThumbnailRows:
    """The thumbnails as one transaction sees them."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def write(self, thumbnails: Mapping[int, bytes]) -> None:
        """Write the thumbnails of new items, by id."""
        if thumbnails:
            rows = [(item, png, thumbnail_checksum(item, png)) for item, png in thumbnails.items()]
            write_rows(self._connection, ThumbnailRow, ["item", "png", "checksum"], rows)

    def by_item(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Return the thumbnails of those of these items that live and have one; raise StoreCorrupt for a damaged."""
        found = {}
        for item, png, checksum in self._connection.execute(_BY_ITEM, asked(ids)):
            if not _whole(item, png, checksum):
                raise StoreCorrupt(
                    f"expected the thumbnail of item {item} to match its checksum, but it was damaged after it was "
                    "written: run `python -m storage repair`, or restore the store from a backup"
                )
            found[item] = png
        return found

    def require_order(self) -> None:
        """Raise StoreCorrupt when the rows are not in order, so that one that is there may not be found."""
        if not is_sqlite(self._connection):
            return
        ((found, *_), *_) = self._connection.exec_driver_sql("PRAGMA quick_check('thumbnails')")
        if found != "ok":
            raise StoreCorrupt(
                f"expected the thumbnails in order, got '{found.splitlines()[-1]}': run `python -m storage repair`, or "
                "restore the store from a backup"
            )

    def damaged(self) -> list[int]:
        """Return the items whose thumbnails do not match their checksums, ascending."""
        rows = self._connection.execute(_THUMBNAIL.order_by(ThumbnailRow.item).execution_options(yield_per=4096))
        return [item for item, png, checksum in rows if not _whole(item, png, checksum)]

    def remove(self, ids: Sequence[int]) -> None:
        """Remove the thumbnails of these items."""
        self._connection.execute(sa.delete(ThumbnailRow).where(asked_for(ThumbnailRow.item)), asked(ids))

    def remove_of_tombstones(self) -> None:
        """Remove the thumbnails of deleted items."""
        dead = sa.select(ItemRow.id).where(ItemRow.deleted_in.is_not(None))
        self._connection.execute(sa.delete(ThumbnailRow).where(ThumbnailRow.item.in_(dead)))


def _whole(item: object, png: object, checksum: object) -> bool:
    """Tell whether a row is as it was written; damage can change a value's type too."""
    return isinstance(item, int) and isinstance(png, bytes) and thumbnail_checksum(item, png) == checksum
