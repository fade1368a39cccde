"""Mutants of what is validated before an answer is returned."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from storage.catalog import batch, embedding_rows
from storage.catalog.batch import Generation
from storage.catalog.catalog import Catalog
from storage.catalog.history import History
from storage.catalog.item_values import ItemValues
from storage.catalog.row import Row
from storage.columns import arrow_file
from storage.databases.commit_watch import CommitWatch
from storage.databases.sqlite_file import SqliteFile
from storage.files import generations
from storage.memory import snapshot
from storage.memory.deletions import DeletionCheck
from storage.memory.snapshot import Snapshot
from storage.nearest.faiss_flat import FaissFlat
from tests.durability.mutants.patches import Patches


def row_unchecked(patches: Patches) -> None:
    """Accept rows without comparing their checksums."""
    patches.set(Row, "intact", True)


def source_unchecked(patches: Patches) -> None:
    """Accept the sources and thumbnails of items without comparing their checksums."""
    patches.set(ItemValues, "_is_intact", lambda *_: True)


class EqualDigest(bytes):
    """Equals every digest."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = bytes.__hash__


def generation_unchecked(patches: Patches) -> None:
    """Accept an index file without comparing its sha256."""
    no_hash = SimpleNamespace(update=lambda _: None, digest=EqualDigest)
    patches.set_in_module(generations, "hashlib", "sha256", lambda: no_hash)


def history_of_generation_unchecked(patches: Patches) -> None:
    """Accept an index file of any history."""

    def all_recorded(history: History) -> list[Generation]:
        names = "number, batch, chain, items, size, sha256"
        records = history._connection.exec_driver_sql(f"SELECT {names} FROM generations ORDER BY number DESC")
        return [replace(Generation(*row), columns=history._columns()[row[0]]) for row in records]

    patches.set(History, "generations", all_recorded)


def answer_unchecked(patches: Patches) -> None:
    """Answer without computing the checksums of hits again from their columns and vectors."""

    def unchecked_rows(snapshot: Snapshot, positions: NDArray[np.int64]) -> list[Row]:
        return snapshot.columns.rows(positions, snapshot.index.vectors()[positions])

    patches.set(Snapshot, "checked_rows", unchecked_rows)


def columns_unchecked(patches: Patches) -> None:
    """Accept a file of columns without comparing its sha256."""
    no_hash = SimpleNamespace(update=lambda _: None, digest=EqualDigest)
    patches.set_in_module(arrow_file, "hashlib", "sha256", lambda: no_hash)


def deletions_of_snapshot_ignored(patches: Patches) -> None:
    """Answer with items that were deleted after the newest generation, as if its rows were all live."""
    patches.set(
        snapshot, "_covered", lambda state, _, index, columns: snapshot._Covered(state.batch, index, columns, [])
    )


def deletions_unchecked(patches: Patches) -> None:
    """Answer without asking whether a hit was deleted since the rows were loaded."""
    patches.set(DeletionCheck, "require_live", lambda *_: None)


def commits_unnoticed(patches: Patches) -> None:
    """Answer without asking SQLite whether anything was committed."""
    patches.set(SqliteFile, "version", lambda _: 0)


def other_file_unnoticed(patches: Patches) -> None:
    """Answer without comparing the catalog's file with the one that was opened."""
    patches.set(CommitWatch, "_current_file", lambda _: (0, 0))


def embedding_unchecked(patches: Patches) -> None:
    """Accept the embedding and its arrays without comparing their digest."""
    digest = embedding_rows.digest_of
    patches.set(embedding_rows, "digest_of", lambda *args: EqualDigest(digest(*args)))


def chain_unchecked(patches: Patches) -> None:
    """Chain batches without the rows that they add and delete."""

    def next_chain(previous: bytes, _: Iterable[tuple[int, bytes]], __: Iterable[int]) -> bytes:
        return hashlib.sha256(previous).digest()

    patches.set(batch, "next_chain", next_chain)


def positions_unchecked(patches: Patches) -> None:
    """Treat the results that FAISS marks as missing (-1) as position 0."""
    search = FaissFlat.search

    def search_without_missing(
        index: FaissFlat, queries: NDArray[np.float32], count: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        distances, positions = search(index, queries, count)
        return distances, np.maximum(positions, 0)

    patches.set(FaissFlat, "search", search_without_missing)


def read_without_transaction(patches: Patches) -> None:
    """Read without a transaction, so that each statement sees the latest commit."""

    @contextmanager
    def reading(database: SqliteFile) -> Iterator[Catalog]:
        connection = database._pool.acquire()
        yield Catalog(connection)
        database._pool.release(connection)

    patches.set(SqliteFile, "reading", reading)
