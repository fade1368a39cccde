"""Write a store: change its rows, all or none, and then what is derived from them."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from types import MappingProxyType
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from storage.catalog import commit
from storage.catalog.batch_copies import CopiedBatch, write_copies
from storage.catalog.catalog import Catalog
from storage.catalog.database import Result
from storage.catalog.encoded_items import EncodedItems, encode_items
from storage.catalog.pages import state_within
from storage.errors import InvalidItem, LookalikeError, StoreCorrupt, StoreReadOnly
from storage.files.corrections import write_corrections
from storage.locations.location import Location, OpenCatalog
from storage.maintenance import verification
from storage.maintenance.publish import RETAINED, publish, withdraw
from storage.maintenance.repair import remove_damaged_generations, repair_rows
from storage.memory.gc_pause import gc_paused
from storage.memory.unpublished import UnpublishedRows
from storage.relabelling import relabelling
from storage.store_search import StoreSearch
from storage.types.item_columns import ItemColumns
from storage.types.items import AppendResult, NewItem, checked_id
from storage.types.jobs import JobUpdate
from storage.types.vectors import checked_vectors
from storage.vector_server import engines_at

if TYPE_CHECKING:
    from storage.milvus.url import MilvusUrl


Args = ParamSpec("Args")
Writer = TypeVar("Writer", bound="StoreWriter")


def writes(method: "Callable[Concatenate[Writer, Args], Result]") -> "Callable[Concatenate[Writer, Args], Result]":
    """Let one thread at a time write by a method, whose end `close` waits for; raise StoreReadOnly or StoreClosed."""

    @wraps(method)
    def locked(store: Writer, /, *args: Args.args, **options: Args.kwargs) -> Result:
        with store._write_lock:
            store._require_writer()
            return method(store, *args, **options)

    return locked


class StoreWriter(StoreSearch):
    """The part of an open store that the one writer uses."""

    def __init__(self, location: Location, catalog: OpenCatalog, milvus: "MilvusUrl | None") -> None:
        self._catalog = catalog
        self._unpublished: UnpublishedRows | None = None
        # Re-entrant: a writing method may call another, and a signal's handler may close the store.
        self._write_lock = threading.RLock()
        try:
            catalog.database.require_catalog()
            if catalog.writing:
                catalog.database.upgrade()
            else:
                # A writer may repair what this depends on.
                with catalog.database.reading() as rows:
                    rows.require_embedding_of_rows()
            super().__init__(location, catalog.database, engines_at(milvus, catalog) if milvus is not None else None)
        except BaseException:
            catalog.close()
            raise

    def close(self) -> None:
        """Close the catalog and release the writer lock, once other threads have written; harmless when repeated."""
        with self._write_lock:
            super().close()
            self._catalog.close()

    def append(
        self,
        items: Sequence[NewItem],
        vectors: ArrayLike,
        update: JobUpdate | None = None,
        *,
        delete: Sequence[int] = (),
        sources: Mapping[int, str] = MappingProxyType({}),
    ) -> AppendResult:
        """Add a batch of items, all or none; once this returns, the batch survives a crash and a power loss.

        `vectors` is (n, dim), one row an item. An item whose key is stored already replaces the stored item and gets a
        new id. Written in the same transaction: `update`; the deletion of the ids in `delete`, without those that are
        deleted already; and the names of `sources` that stored items have from now on, by id. Raise InvalidVectors or
        InvalidItem before anything is written, StoreUnwritable when the write fails, StoreRenewed when another process
        has renewed the store.
        """
        self._require_writer()
        with gc_paused():
            encoded = encode_items(ItemColumns.of(items))
            encoded.require_distinct_keys()
            return self.append_encoded(encoded, vectors, update, delete=delete, sources=sources)

    def append_encoded(
        self,
        items: EncodedItems,
        vectors: ArrayLike,
        update: JobUpdate | None = None,
        *,
        delete: Sequence[int] = (),
        sources: Mapping[int, str] = MappingProxyType({}),
    ) -> AppendResult:
        """Add a batch of checked items of distinct keys, as `append` does."""
        self._require_writer()
        rows = checked_vectors(vectors, self.dim) if np.size(vectors) else np.empty((0, self.dim), np.float32)
        if len(rows) != len(items):
            raise InvalidItem(f"expected a vector for each of {len(items)} items, got {len(rows)} vectors")
        if not items and not delete and not sources and update is None:
            return AppendResult((), 0)

        def append(catalog: Catalog) -> AppendResult:
            catalog.require_embedding(self.embedding.fingerprint)
            appended = commit.append(catalog, items, rows, delete)
            catalog.sources.write(sources)
            catalog.jobs.write([] if update is None else [update])
            if self._unpublished is not None and not self._unpublished.add(appended):
                self._unpublished = None
            return appended.result

        return self._write(append)

    @writes
    def write_copies(self, copies: Sequence[CopiedBatch]) -> None:
        """Write batches copied from another store, which follow this one's last batch; all or none.

        A vector server follows at `publish`: some vectors of batches in between may be gone from the other store.
        """
        self._database.write_exactly_once(lambda catalog: write_copies(catalog, copies))
        self._current.view.snapshots.clear()

    def write_sources(self, sources: Mapping[int, str]) -> None:
        """Write the names of the sources of stored items, by id."""
        self._write(lambda catalog: catalog.sources.write(sources))

    def write_jobs(self, updates: Sequence[JobUpdate]) -> None:
        """Write the jobs of another store whose items were copied to this one."""
        self._write(lambda catalog: catalog.jobs.write(updates))

    def delete(self, *, ids: Sequence[int] = (), keys: Sequence[str] = ()) -> int:
        """Delete items, all or none, and return how many; once this returns, it survives a crash and a power loss.

        Their ids are never reused; their vectors take space until `compact`. Raise UnknownItem, and delete nothing,
        when the store does not hold one of them.
        """

        def delete(catalog: Catalog) -> int:
            known = self._known(catalog.items.by_key(keys), state_within(catalog))
            rows = [
                *zip(catalog.items.by_id([checked_id(id) for id in ids]), (f"id {id}" for id in ids), strict=True),
                *zip(known, (f"key {key!r}" for key in keys), strict=True),
            ]
            deleted = sorted({self._required(row, name).id for row, name in rows})
            commit.delete(catalog, deleted)
            return len(deleted)

        return self._write(delete)

    @writes
    def relabel(self, labels: Mapping[str, str]) -> int:
        """Give stored items other labels by their keys, all or none, and return how many changed; they get new ids.

        Each is kept as a correction: a job leaves it as long as the source says what it said. It is kept first, so that
        a job would make up for a crash before the items have changed. Raise UnknownItem or InvalidItem, NotAStore for a
        store on a server, StoreUnwritable; nothing has changed then.
        """
        change = relabelling(self, labels)
        if change.items:
            before = self.corrections()
            write_corrections(self.folder, change.corrections)
            try:
                self.append(change.items, change.vectors)
            except LookalikeError:
                write_corrections(self.folder, before)
                raise
        return len(change.items)

    @writes
    def _write(self, change: Callable[[Catalog], Result]) -> Result:
        """Apply a change in one transaction, exactly once; then update what is derived from the rows."""
        result = self._database.write_exactly_once(change)
        self._current.view.sync()
        return result

    @writes
    def compact(self) -> None:
        """Reclaim the space of deleted items' vectors and thumbnails; the live items and their ids do not change.

        Then no file of the store holds them any more: index files but the newest are removed, and with a vector server
        all that were written without it.
        It can be interrupted at any moment and called again. It needs as much free disk space as the store takes.
        """
        with self._database.writing() as catalog:
            catalog.empty_tombstones()
        self._database.vacuum()
        if self._current.view.engine is not None and self.location.folder is not None:
            withdraw(self._database, self.location.folder)
        self._publish(retained=1)

    def publish(self) -> None:
        """Write the index of all stored items as a new generation file, so that the next opening is fast.

        Nothing is lost without it: rows that no generation covers are read from the catalog. A store with a vector
        server has no index file: its collection is synchronized instead.
        """
        self._publish(RETAINED)

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """Publish what is appended in this block at its end, without reading it again; after an error do not."""
        if self._current.view.engine is None and self.location.folder is not None:
            self._unpublished = UnpublishedRows(self.last_batch())
        try:
            yield
            self.publish()
        finally:
            self._unpublished = None

    @writes
    def _publish(self, retained: int) -> None:
        if self._current.view.engine is not None:
            self._current.view.engine.sync_and_check()
        elif self.location.folder is not None:
            unpublished, self._unpublished = self._unpublished, None
            loaded = publish(self._database, self.location.folder, self.dim, retained, unpublished)
            if loaded is not None:
                self._current.view.snapshots.replace(loaded)
        self._database.analyze()

    def wait_until_indexed(self) -> None:
        """Wait until a vector server has indexed all its vectors; until then its answers are right but slower."""
        if self._current.view.engine is not None:
            self._current.view.engine.wait_until_indexed()

    @writes
    def repair(self) -> list[str]:
        """Repair a damaged store and return what was done, a line each; empty when nothing was wrong.

        Index files are built again from the rows. A damaged item is moved to the catalog's table `set_aside` and
        deleted as an item. Raise StoreCorrupt, with nothing changed, when the store would still be damaged.
        """
        done = self._database.rewrite_if_damaged()
        with self._database.writing() as catalog:
            catalog.require_embedding(self.embedding.fingerprint)
            done += repair_rows(catalog, self.dim)
            done += remove_damaged_generations(catalog, self.location.folder, self.dim)
            problem = next(verification.problems(state_within(catalog), self.location.folder, self.dim), None)
            if problem is not None:
                raise StoreCorrupt(f"expected {self.location} to be intact after its repair, got '{problem}'")
        self._current.view.snapshots.clear()
        if self._current.view.engine is not None:
            done += self._current.view.engine.sync_and_check()
        self.publish()
        return done

    def _require_writer(self) -> None:
        self._require_open()
        if not self._catalog.may_write:
            opened = (
                "for writing by the process that this one was forked from" if self._catalog.writing else "for reading"
            )
            raise StoreReadOnly(
                f"expected {self.location} to be open for writing, got a store that was opened {opened}: open it for "
                "writing"
            )
