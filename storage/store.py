"""The store: items and their vectors, found by distance.

The catalog's rows are authoritative; the vector index is derived from them. `Store` creates, opens, copies and renews
stores. It adds this to the `StoreWriter` of `store_writer.py`, which adds writing to the `StoreSearch` of
`store_search.py`, which adds searching to the `StoreReader` of `reader.py`.
"""

from collections.abc import Mapping
from pathlib import Path

from storage.catalog.catalog import Catalog
from storage.catalog.change_over import ChangeOver, change_over
from storage.errors import NotAStore, StoreCorrupt, StoreVersion
from storage.locations.folder_location import FolderLocation
from storage.locations.location_of import location_of
from storage.reader import StoreReader
from storage.store_writer import StoreWriter, writes
from storage.types.embedding import Embedding
from storage.vector_server import milvus_url, require_vector_server


class Store(StoreWriter):
    """An open store; use it in a `with` statement, or call `close`.

    A store is in a folder, or in a PostgreSQL database that a URL names. Its vectors are searched in memory, or by the
    Milvus server that `milvus` names. That URL is given at each opening and not stored: the vectors on a server are
    derived from the rows, and which server a process can reach depends on where it runs.
    """

    @staticmethod
    def exists_at(location: str | Path) -> bool:
        """Return whether there is a store at a location, a folder or URL."""
        return location_of(location).exists()

    @staticmethod
    def require_free(location: str | Path, *, milvus: str | None = None) -> None:
        """Raise StoreExists, NotAStore or ServerUnusable unless a store can be created at a location."""
        url = milvus_url(milvus)
        location_of(location).require_free()
        if url is not None:
            require_vector_server(url)

    @classmethod
    def create(cls, location: str | Path, embedding: Embedding, *, milvus: str | None = None) -> "Store":
        """Create an empty store in a new or empty folder, or at a URL, and open it for writing.

        Raise StoreExists, NotAStore, StoreBusy, StoreUnwritable or ServerUnusable. No store is left behind then, except
        an empty one if the vector server can be reached but the collection cannot be used.
        """
        cls.require_free(location, milvus=milvus)
        url, created = milvus_url(milvus), location_of(location)
        return cls(created, created.create(embedding), url)

    @classmethod
    def open(cls, location: str | Path, *, writing: bool = False, milvus: str | None = None) -> "Store":
        """Open a store for reading or for writing; a store in a folder has one writer at a time.

        Raise StoreNotFound, NotAStore, StoreVersion, StoreCorrupt, ServerUnusable, or StoreBusy while another process
        writes to the folder.
        """
        url, opened = milvus_url(milvus), location_of(location)
        return cls(opened, opened.open(writing=writing), url)

    @classmethod
    def open_or_create(cls, location: str | Path, embedding: Embedding, *, milvus: str | None = None) -> "Store":
        """Open a store of this embedding for writing, created if there is none; raise OtherEmbedding for another."""
        if not cls.exists_at(location):
            return cls.create(location, embedding, milvus=milvus)
        store = cls.open(location, writing=True, milvus=milvus)
        try:
            store.embedding.require_same(embedding)
        except BaseException:
            store.close()
            raise
        return store

    def backup(self, folder: str | Path) -> None:
        """Copy the store, as of a complete batch, to a new or empty folder; another process may be writing.

        The copy is verified. Raise StoreExists, NotAStore, StoreCorrupt or StoreUnwritable; no copy is left behind
        then.
        """
        self._require_open()
        location = FolderLocation(Path(folder))
        with Store(location, location.create_copy(self.folder), None) as copy:
            copy.publish()

    @writes
    def create_renewal(self, embedding: Embedding) -> "Store":
        """Create an empty store for the items' vectors by another embedding, to be taken over by `change_over`."""
        location = self.location.renewal()
        return Store(location, location.create(embedding), None)

    @writes
    def open_renewal(self) -> "Store | None":
        """Open the store that an interrupted renewal left, for writing; None when there is none that can be used."""
        location = self.location.renewal()
        if not location.exists():
            return None
        try:
            return Store(location, location.open(writing=True), None)
        except (NotAStore, StoreCorrupt, StoreVersion):
            return None

    @writes
    def remove_renewal(self) -> None:
        """Remove the store for renewed vectors, or what is left of it; raise NotAStore if other files are in it."""
        self.location.renewal().remove()

    @writes
    def change_over(self, staged: StoreReader, dropped: Mapping[str, bytes] | None = None) -> ChangeOver:
        """Take over the embedding of the store `staged`, and its vector for each item; all at once.

        Every item gets a new id, in the same order; keys, labels and metadata stay. Items of the keys and contents
        `dropped` are deleted. Readers answer from the old vectors until this returns. Raise StoreBusy, with nothing
        changed, when `staged` has no vector for another item's key and content.
        """

        def change(catalog: Catalog) -> ChangeOver:
            catalog.require_embedding(self.embedding.fingerprint)
            with staged.reading() as source:
                return change_over(catalog, source, dropped or {})

        changed = self._database.write_exactly_once(change, large=True)
        self.refresh()
        self._current.view.sync()
        return changed
