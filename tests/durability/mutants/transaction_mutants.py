"""Planted bugs in transactions, in who may write, and in what a batch is."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from numpy.typing import ArrayLike

from storage import Store
from storage.catalog.batch import Batch
from storage.catalog.history import History
from storage.catalog.item_rows import ItemRows
from storage.catalog.row import Row
from storage.databases.sqlite_file import PRAGMAS
from storage.files import lock
from storage.memory import snapshot
from storage.types.items import Appended, NewItem
from tests.durability.mutants.patches import Patches


def synchronous_full(patches: Patches) -> None:
    """Leave the journal's removal in the system's memory: synchronous=FULL instead of EXTRA."""
    patches.set_item(PRAGMAS, "synchronous", 2)


def wal_normal(patches: Patches) -> None:
    """Commit to a write-ahead log that is not flushed each time: WAL with NORMAL."""
    patches.set_item(PRAGMAS, "journal_mode", "wal")
    patches.set_item(PRAGMAS, "synchronous", 1)


def acknowledged_before_commit(patches: Patches) -> None:
    """Return from an append before it is written, which the next call does."""
    append, require_writer, close = Store.append, Store._require_writer, Store.close
    waiting: list[tuple[Sequence[NewItem], ArrayLike]] = []

    def write_what_waits(store: Store) -> None:
        require_writer(store)
        while waiting:
            append(store, *waiting.pop())

    def acknowledge(store: Store, items: Sequence[NewItem], vectors: ArrayLike) -> Appended:
        write_what_waits(store)
        waiting.append((items, vectors))
        return Appended((), 0)

    def close_at_last(store: Store) -> None:
        if waiting:
            write_what_waits(store)
        close(store)

    patches.set(Store, "append", acknowledge)
    patches.set(Store, "_require_writer", write_what_waits)
    patches.set(Store, "close", close_at_last)


def two_commits(patches: Patches) -> None:
    """Commit a batch's record and its rows one after the other."""
    write_batch = History.write_batch

    def committing(history: History, batch: Batch) -> None:
        write_batch(history, batch)
        history._connection.exec_driver_sql("COMMIT")
        history._connection.exec_driver_sql("BEGIN IMMEDIATE")

    patches.set(History, "write_batch", committing)


def unlocked(patches: Patches) -> None:
    """Write without taking the writer's lock."""
    patches.set_in_module(lock, "fcntl", "flock", lambda *_: None)


def ids_reused(patches: Patches) -> None:
    """Remove tombstones when compacting, and give out the id after the highest that is left."""
    last_batch = History.last_batch

    def remove(rows: ItemRows) -> None:
        for table, column in (("thumbnails", "item"), ("items", "id")):
            dead = "SELECT id FROM items WHERE deleted_in IS NOT NULL"
            rows._connection.exec_driver_sql(f"DELETE FROM {table} WHERE {column} IN ({dead})")

    def following(history: History) -> Batch:
        highest = history._connection.exec_driver_sql("SELECT max(id) FROM items").scalar_one()
        return replace(last_batch(history), next_id=0 if highest is None else highest + 1)

    patches.set(ItemRows, "empty_tombstones", remove)
    patches.set(History, "last_batch", following)


def tail_ignored(patches: Patches) -> None:
    """Forget the rows that no generation covers, and prove nothing."""
    pages = ItemRows.all_row_pages

    def none_after(rows: ItemRows, from_id: int = 0) -> Iterator[list[tuple[Row, object]]]:
        return iter(()) if from_id > 0 else pages(rows, from_id)

    class Unproven:
        """Takes everything for what was acknowledged."""

        def __init__(self, *_: object) -> None:
            pass

        def add_deletion(self, id: int, batch: object) -> None:
            """Take in a deletion."""

        def add(self, row: Row, deleted_in: object) -> None:
            """Take in a row."""

        def finish(self) -> None:
            """Take in the end."""

    patches.set(ItemRows, "all_row_pages", none_after)
    patches.set(snapshot, "ChainCheck", Unproven)
    patches.set(Batch, "require_live", lambda *_: None)
