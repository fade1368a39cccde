"""Images that a table names: a CSV or Parquet file with a column `path`, perhaps `label`, and others as metadata."""

import os
import posixpath
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ingest.sources.csv_table import CsvTable
from ingest.sources.files import Tree, open_named
from ingest.sources.source import SourceImage, unusable
from ingest.sources.table import Table, TableRow
from ingest.sources.unpacking import snapshot
from storage.console import printable
from storage.types.items import is_storable_text

#: How a Parquet file begins, and how its name ends.
_PARQUET = b"PAR1"
_PARQUET_SUFFIXES = (".parquet", ".pq")


class Manifest:
    """The images that a table names, in its order.

    A path is relative to the manifest's folder, or absolute and inside it; a key is the path below that folder, as
    `folder:` has it. A row that names no image inside the folder, or one that was named before, is rejected under the
    manifest's name and the row's number. What the manifest was when it was opened is what counts.
    """

    name = "manifest"

    def __init__(self, path: str | Path) -> None:
        place = Path(path)
        self._file_name = place.name
        self._tree = Tree(place.parent)
        self._roots = (str(place.parent.absolute()), os.path.realpath(place.parent))
        self._table = _table(place)
        self._repeated: dict[int, int] = {}
        self._count = 0
        first: dict[str, int] = {}
        for row in self._table:
            self._count += 1
            key, _ = self._key(row)
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
                yield SourceImage(key, partial(self._tree.read, key), row.label, metadata)

    def _key(self, row: TableRow) -> tuple[str | None, str]:
        """Return the key of a row's image, or none and what is wrong with the row."""
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
                f"expected a path inside the manifest's folder {self._tree.root}, got {printable(row.path)}: "
                "put the image there"
            )
        return path, ""


def _table(path: Path) -> Table:
    name = printable(str(path))
    with open_named(path, "a manifest in CSV or Parquet") as file:
        held = snapshot(file, name)
    if held.read_at(0, len(_PARQUET)) == _PARQUET or path.suffix.lower() in _PARQUET_SUFFIXES:
        # Imported here: most jobs do without Arrow, which takes its time to load.
        from ingest.sources.parquet_table import ParquetTable

        return ParquetTable(held, name)
    return CsvTable(held, name)
