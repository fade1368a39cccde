"""Read the pictures of items: their files, where these are still as they were embedded, else the store's thumbnails."""

from collections import OrderedDict
from collections.abc import Sequence

from ingest.errors import UnreadableImage
from ingest.images.images import Image, content_digest, decode, decode_scaled
from ingest.sources.confined_folder import ConfinedFolder
from ingest.sources.source_file import folder_of
from search.curation.prepared_picture import FEATURE_SIDE, Picture, prepared
from search.thumbnail_image import thumbnail_image
from storage import Store
from storage.types.items import SourcedItem

#: Pictures that are kept prepared, of about 300 kB each.
_CACHED = 1024


class ItemPictures:
    """Reads pictures of a store's items; `changed` are the ids of those whose files are gone or have changed."""

    def __init__(self, store: Store, items: Sequence[SourcedItem]) -> None:
        self._store = store
        self._items = {item.item.id: item for item in items}
        self._folders: dict[str, ConfinedFolder | None] = {}
        self.changed: set[int] = set()
        self._prepared: OrderedDict[int, Picture | None] = OrderedDict()

    def prepared(self, id: int) -> Picture | None:
        """Return an item's picture prepared for comparison, None if it has none that can be read."""
        if id in self._prepared:
            self._prepared.move_to_end(id)
        else:
            image = self.image(id)
            self._prepared[id] = None if image is None else prepared(image)
            if len(self._prepared) > _CACHED:
                self._prepared.popitem(last=False)
        return self._prepared[id]

    def has_file(self, id: int) -> bool:
        """Return whether an item's file is still as it was embedded."""
        return self._file(id) is not None

    def image(self, id: int) -> Image | None:
        """Return an item's picture, not smaller than is needed for a comparison if its file is; None without one."""
        data = self._file(id)
        if data is not None:
            try:
                return decode_scaled(data, self._items[id].item.key, FEATURE_SIDE).pixels
            except UnreadableImage:
                pass
        png = self._store.thumbnails([id]).get(id)
        return None if png is None else thumbnail_image(png)

    def full_size(self, id: int) -> Image | None:
        """Return all pixels of an item's picture, None if they are nowhere any more."""
        data = self._file(id)
        item = self._items[id].item
        try:
            if data is not None:
                return decode(data, item.key)
        except UnreadableImage:
            return None
        png = self._store.thumbnails([id]).get(id)
        image = None if png is None else thumbnail_image(png)
        sides = (item.metadata.get("height"), item.metadata.get("width"))
        return image if image is not None and image.shape[:2] == sides else None

    def _file(self, id: int) -> bytes | None:
        """Return the bytes of an item's file if they are those that were embedded."""
        item, source = self._items[id].item, self._items[id].source
        if source is None:
            return None
        if source not in self._folders:
            self._folders[source] = folder_of(source)
        folder = self._folders[source]
        if folder is None:
            return None
        try:
            data = folder.read(item.key)
        except UnreadableImage:
            data = b""
        if content_digest(data) == item.content:
            return data
        self.changed.add(id)
        return None
