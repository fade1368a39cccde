"""Mutants of transactions, of the writer's lock, and of the contents of a batch."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

from numpy.typing import ArrayLike

from storage import Store
from storage.catalog.batch import Batch
from storage.catalog.history import History
from storage.catalog.item_rows import ItemRows
from storage.catalog.pages import BatchState, RowPage
from storage.databases.sqlite_file import PRAGMAS
from storage.files import lock
from storage.reader import StoreReader
from storage.types.items import AppendResult, NewItem
from tests.durability.mutants.patches import Patches


def synchronous_full(patches: Patches) -> None:
    """Do not sync the removal of the journal: synchronous=FULL instead of EXTRA."""
    patches.set_item(PRAGMAS, "synchronous", 2)


def wal_normal(patches: Patches) -> None:
    """Commit to a write-ahead log that is not synced each time: WAL with NORMAL."""
    patches.set_item(PRAGMAS, "journal_mode", "wal")
    patches.set_item(PRAGMAS, "synchronous", 1)


def acknowledged_before_commit(patches: Patches) -> None:
    """Return from an append before it is written, and write it in the next call."""
    append, require_writer, close = Store.append, Store._require_writer, Store.close
    delayed: list[tuple[Sequence[NewItem], ArrayLike, dict[str, Any]]] = []

    def write_delayed(store: Store) -> None:
        require_writer(store)
        while delayed:
            items, vectors, options = delayed.pop()
            append(store, items, vectors, **options)

    def acknowledge(store: Store, items: Sequence[NewItem], vectors: ArrayLike, **options: Any) -> AppendResult:
        write_delayed(store)
        delayed.append((items, vectors, options))
        return AppendResult((), 0)

    def write_and_close(store: Store) -> None:
        if delayed:
            write_delayed(store)
        close(store)

    patches.set(Store, "append", acknowledge)
    patches.set(Store, "_require_writer", write_delayed)
    patches.set(Store, "close", write_and_close)


def two_commits(patches: Patches) -> None:
    """Commit a batch's record and its rows one after the other."""
    write_batch = History.write_batch

    def write_batch_and_commit(history: History, batch: Batch) -> None:
        write_batch(history, batch)
        history._connection.exec_driver_sql("COMMIT")
        history._connection.exec_driver_sql("BEGIN IMMEDIATE")

    patches.set(History, "write_batch", write_batch_and_commit)


def moved_in_two_batches(patches: Patches) -> None:
    """Add the items that moved in one batch, and delete those that they were in the next."""
    append = Store.append

    def append_and_delete(store: Store, *args: Any, delete: Sequence[int] = (), **options: Any) -> AppendResult:
        appended = append(store, *args, **options)
        append(store, [], [], delete=delete)
        return appended

    patches.set(Store, "append", append_and_delete)


def unlocked(patches: Patches) -> None:
    """Write without taking the writer's lock."""
    patches.set_in_module(lock, "fcntl", "flock", lambda *_: None)


def dropped_store_kept(patches: Patches) -> None:
    """Keep every store that was opened, as a cache of stores would."""
    opened: list[Store] = []
    require_open = Store._require_open

    def keep(store: Store) -> None:
        opened.append(store)
        require_open(store)

    patches.set(Store, "_require_open", keep)


def dropped_store_unclosed(patches: Patches) -> None:
    """Do not close a store that is dropped."""
    patches.set(StoreReader, "__del__", lambda _: None)


def ids_reused(patches: Patches) -> None:
    """Remove tombstones when compacting, and assign the id after the highest that remains."""
    last_batch = History.last_batch

    def remove(rows: ItemRows) -> None:
        for table, column in (("thumbnails", "item"), ("items", "id")):
            deleted = "SELECT id FROM items WHERE deleted_in IS NOT NULL"
            rows._connection.exec_driver_sql(f"DELETE FROM {table} WHERE {column} IN ({deleted})")

    def with_next_id(history: History) -> Batch:
        highest = history._connection.exec_driver_sql("SELECT max(id) FROM items").scalar_one()
        return replace(last_batch(history), next_id=0 if highest is None else highest + 1)

    patches.set(ItemRows, "empty_tombstones", remove)
    patches.set(History, "last_batch", with_next_id)


def tail_ignored(patches: Patches) -> None:
    """Ignore the rows that no index file covers, and skip the check of the chain."""
    pages = BatchState.row_pages

    def pages_unless_tail(state: BatchState, *, first_id: int = 0, end_id: int | None = None) -> Iterator[RowPage]:
        return iter(()) if first_id > 0 else pages(state, first_id=first_id, end_id=end_id)

    patches.set(BatchState, "row_pages", pages_unless_tail)
    patches.set(BatchState, "chain_check", Mock())
    patches.set(Batch, "require_live", lambda *_: None)
