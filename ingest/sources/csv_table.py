"""Rows of a CSV file: UTF-8, commas, quotes doubled inside quotes (RFC 4180), the first line naming the columns.

CSV has no types: a column of whole numbers, of numbers or of truth values throughout is read as that, every other as
text. An empty field is None. A column without a name is left out.
"""

import csv
import io
import re
from collections.abc import Iterator

from ingest.errors import SourceUnusable
from ingest.sources.files import HeldFile
from ingest.sources.table import TableRow, require_columns
from storage.types.items import Scalar

#: The longest line, in characters: a file without line ends is not to fill the memory.
_LONGEST = 2**20

#: No leading zeros, which are part of a name, and nothing that 64 bits cannot hold.
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


class CsvTable:
    """The rows of a CSV file; all of it is read once, to learn the columns' types."""

    def __init__(self, file: HeldFile, name: str) -> None:
        self._file = file
        self._name = name
        header = next(self._fields(), (0, []))[1]
        self._columns = [column.strip() for column in header]
        require_columns([column for column in self._columns if column], name)
        self._path = self._columns.index("path")
        self._label = self._columns.index("label") if "label" in self._columns else None
        self._types = {
            place: _Type()
            for place, column in enumerate(self._columns)
            if column and place not in (self._path, self._label)
        }
        for _, fields in self._rows():
            for place, kind in self._types.items():
                if place < len(fields):
                    kind.see(fields[place])

    def __iter__(self) -> Iterator[TableRow]:
        for number, fields in self._rows():
            if len(fields) != len(self._columns):
                yield TableRow(number, problem=f"expected {len(self._columns)} fields, got {len(fields)}")
                continue
            label = None if self._label is None else fields[self._label] or None
            metadata = {self._columns[place]: kind.value(fields[place]) for place, kind in self._types.items()}
            yield TableRow(number, fields[self._path], label, metadata)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        rows = self._fields()
        next(rows, None)
        return rows

    def _fields(self) -> Iterator[tuple[int, list[str]]]:
        """Walk the lines that are not empty, each with its number; raise SourceUnusable for wrong quotes."""
        # What is not UTF-8 is kept as it is, and rejected with its row alone.
        text = io.TextIOWrapper(self._file.reader(), "utf-8-sig", "surrogateescape", newline="")
        rows = csv.reader(self._lines(text), strict=True)
        try:
            yield from ((rows.line_num, fields) for fields in rows if fields)
        except csv.Error as error:
            raise SourceUnusable(f"expected CSV in {self._name}, got in line {rows.line_num}: {error}") from error

    def _lines(self, text: io.TextIOWrapper) -> Iterator[str]:
        while line := text.readline(_LONGEST):
            if len(line) == _LONGEST:
                raise SourceUnusable(
                    f"expected lines of fewer than {_LONGEST} characters in {self._name}, got a longer one"
                )
            yield line


class _Type:
    """What all values of a column seen so far can be read as."""

    def __init__(self) -> None:
        self._whole = self._number = self._truth = True

    def see(self, text: str) -> None:
        """Take a value into account."""
        if text:
            self._whole = self._whole and _WHOLE.fullmatch(text) is not None
            self._number = self._number and _NUMBER.fullmatch(text) is not None
            self._truth = self._truth and text in _TRUTH

    def value(self, text: str) -> Scalar:
        """Return a value of the column."""
        if not text:
            return None
        if self._whole:
            return int(text)
        if self._number:
            return float(text)
        return _TRUTH[text] if self._truth else text
