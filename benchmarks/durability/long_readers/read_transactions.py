"""Measure how long read transactions take: a writer can wait for each of them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.catalog.catalog import Catalog
from storage.databases.sqlite_file import SqliteFile


@contextmanager
def read_transactions(store: Path) -> Iterator[list[float]]:
    """Yield a list to which every read transaction on the store in a folder adds its seconds, while the block runs.

    What a transaction waits for before it begins is not counted: nobody waits for it then.
    """
    seconds: list[float] = []
    reading = SqliteFile.reading

    @contextmanager
    def timed(database: SqliteFile) -> Iterator[Catalog]:
        with reading(database) as catalog:
            started = time.perf_counter()
            try:
                yield catalog
            finally:
                if database.path.parent == store:
                    seconds.append(time.perf_counter() - started)

    SqliteFile.reading = timed  # type: ignore[method-assign, assignment]
    try:
        yield seconds
    finally:
        SqliteFile.reading = reading  # type: ignore[method-assign]
