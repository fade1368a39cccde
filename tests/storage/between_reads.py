"""Let a writer commit between the transactions of a reader: always at the same place, not by chance."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage.catalog import pages
from storage.catalog.catalog import Catalog
from storage.databases.sqlite_file import SqliteFile


class BetweenReads:
    """Calls `write` once, after so many read transactions on the store in a folder have ended, with pages of few rows.

    `reached` says whether there were so many.
    """

    def __init__(self, folder: Path, write: Callable[[], object], after: int) -> None:
        self._path = folder / "catalog.sqlite"
        self._write = write
        self._remaining = after
        self.reached = False

    def install(self, monkeypatch: pytest.MonkeyPatch, page_rows: int = 2) -> None:
        """Count transactions from now on."""
        reading = SqliteFile.reading

        @contextmanager
        def counted(database: SqliteFile) -> Iterator[Catalog]:
            with reading(database) as catalog:
                yield catalog
            if database.path == self._path and not self.reached:
                self._remaining -= 1
                if self._remaining < 0:
                    self.reached = True
                    self._write()

        monkeypatch.setattr(SqliteFile, "reading", counted)
        monkeypatch.setattr(pages, "_ROWS", page_rows)
        monkeypatch.setattr(pages, "_SCANNED_ROWS", page_rows)
