"""Images listed in a CSV or Parquet file with a column `path`, optionally `label`, and others as metadata."""

import os
import posixpath
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ingest.sources.confined_folder import ConfinedFolder
from ingest.sources.csv_table import CsvTable
from ingest.sources.files import open_named
from ingest.sources.source import SourceImage, unusable
from ingest.sources.table import Table, TableRow
from ingest.sources.unpacking import private_copy
from storage.console import printable
from storage.types.items import is_storable_text

#: The first bytes of a Parquet file, and its suffixes.
_PARQUET = b"PAR1"
_PARQUET_SUFFIXES = (".parquet", ".pq")


class Manifest:
    """The images that a table lists, in its order.

    A path is relative to the manifest's folder, or absolute and inside it; a key is the path relative to that folder,
    as in `folder:`. A row whose path is outside the folder, or listed before, is rejected under the manifest's name
    and the row's number. Changes to the manifest after it was opened are ignored.
    """

    name = "manifest"

    def __init__(self, path: str | Path) -> None:
        path = Path(path)
        self._file_name = path.name
        self._folder = ConfinedFolder(path.parent)
        self._roots = (str(path.parent.absolute()), os.path.realpath(path.parent))
        self._table = _open_table(path)
        self.column_kinds = self._table.column_kinds
        self._repeated: dict[int, int] = {}
        self._every_row_has_a_key = True
        self._count = 0
        first: dict[str, int] = {}
        for row in self._table:
            self._count += 1
            key, _ = self._key(row)
            self._every_row_has_a_key &= key is not None
            if key is not None and first.setdefault(key, row.number) != row.number:
                self._repeated[row.number] = first[key]

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[SourceImage]:
        for row in self._table:
            key, problem = self._key(row)
            if row.number in self._repeated:
                problem = f"expected each path once, got {key} in row {self._repeated[row.number]} already"
            if key is None or problem:
                yield unusable(f"{self._file_name}:{row.number}", problem)
            else:
                metadata = {"source": self.name, "path": key, **row.metadata}
                yield SourceImage(key, partial(self._folder.read, key), row.label, metadata)

    def may_hold(self, key: str) -> bool:  # noqa: ARG002 -- the protocol's
        """Return whether a row cannot be used: it may have been meant to name any image."""
        return not self._every_row_has_a_key

    def _key(self, row: TableRow) -> tuple[str | None, str]:
        """Return the key of a row's image, or None and why the row cannot be used."""
        if row.problem is not None:
            return None, row.problem
        if not row.path:
            return None, "expected a path, got none"
        if not is_storable_text(row.path):
            return None, f"expected a path in UTF-8 without NUL, got {row.path!r}: rename the file"
        path = posixpath.normpath(row.path)
        for root in self._roots:
            path = path.removeprefix(root.rstrip("/") + "/")
        if path.startswith(("/", "../")) or path == "..":
            return None, (
                f"expected a path inside the manifest's folder {self._folder.root}, got {printable(row.path)}: "
                "put the image there"
            )
        return path, ""


def _open_table(path: Path) -> Table:
    name = printable(str(path))
    with open_named(path, "a manifest in CSV or Parquet") as file:
        copy = private_copy(file, name)
    if copy.read_at(0, len(_PARQUET)) == _PARQUET or path.suffix.lower() in _PARQUET_SUFFIXES:
        # Imported here: Arrow takes long to load, and most jobs do not need it.
        from ingest.sources.parquet_table import ParquetTable

        return ParquetTable(copy, name)
    return CsvTable(copy, name)
