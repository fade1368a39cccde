"""Planted bugs in what is checked before an answer is given."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.catalog import batch, embedding_rows
from storage.catalog.batch import Generation
from storage.catalog.catalog import Catalog
from storage.catalog.history import History
from storage.catalog.row import Row
from storage.databases.sqlite_file import SqliteFile
from storage.files import generations
from storage.memory import hits
from storage.memory.snapshot import Snapshot
from storage.nearest.exact import Positions
from storage.nearest.faiss_flat import FaissFlat
from tests.durability.mutants.patches import Patches


def row_unchecked(patches: Patches) -> None:
    """Take rows without comparing their checksums."""
    patches.set(Row, "intact", True)


def generation_unchecked(patches: Patches) -> None:
    """Take an index file without comparing its sha256."""

    class Agreeable(bytes):
        """Equals every digest."""

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = bytes.__hash__

    class Unread:
        """Takes bytes and forgets them."""

        def update(self, data: bytes | memoryview) -> None:
            """Take bytes."""

        def digest(self) -> bytes:
            """Return what equals every digest."""
            return Agreeable()

    patches.set_in_module(generations, "hashlib", "sha256", Unread)


def history_of_generation_unchecked(patches: Patches) -> None:
    """Take an index file whatever history it was made for."""

    def all_recorded(history: History) -> list[Generation]:
        columns = "number, batch, chain, items, size, sha256"
        found = history._connection.exec_driver_sql(f"SELECT {columns} FROM generations ORDER BY number DESC")
        return [Generation(*row) for row in found]

    patches.set(History, "generations", all_recorded)


def answer_unchecked(patches: Patches) -> None:
    """Answer without comparing rows with the vectors that stood for them in the index."""

    def rows_at(snapshot: Snapshot, catalog: Catalog, positions: Positions) -> list[Row]:
        rows = catalog.items.by_id(snapshot.ids[positions].tolist())
        return [row.verified() for row in rows if row is not None]

    patches.set(hits, "_rows_at", rows_at)


def embedding_unchecked(patches: Patches) -> None:
    """Take the embedding and its arrays without comparing their digest."""

    class Agreeable(bytes):
        """Equals every digest."""

        def __ne__(self, other: object) -> bool:
            return False

    digest = embedding_rows._digest

    def agreeable(*given: Any) -> bytes:
        return Agreeable(digest(*given))

    patches.set(embedding_rows, "_digest", agreeable)


def chain_unchecked(patches: Patches) -> None:
    """Chain batches without the rows that they add and delete."""

    def next_chain(previous: bytes, _: Iterable[tuple[int, bytes]], __: Iterable[int]) -> bytes:
        return hashlib.sha256(previous).digest()

    patches.set(batch, "next_chain", next_chain)


def positions_unchecked(patches: Patches) -> None:
    """Take the places that FAISS leaves without a position as the first."""
    search = FaissFlat.search

    def searched(
        index: FaissFlat, queries: NDArray[np.float32], count: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        distances, positions = search(index, queries, count)
        return distances, np.maximum(positions, 0)

    patches.set(FaissFlat, "search", searched)


def read_without_transaction(patches: Patches) -> None:
    """Read without a transaction, so that each statement sees what is there by then."""

    @contextmanager
    def reading(database: SqliteFile) -> Iterator[Any]:
        connection = database._pool.acquire()
        yield connection
        database._pool.release(connection)

    patches.set(SqliteFile, "reading", reading)
