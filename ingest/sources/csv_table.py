"""Rows of a CSV file: UTF-8, commas, quotes doubled inside quotes (RFC 4180), column names in the first line.

CSV has no types: a column whose values are all integers, numbers or booleans is read as such, every other as text. An
empty field is None. A column without a name is ignored.
"""

import csv
import io
import re
from collections.abc import Iterator

from ingest.errors import SourceUnusable
from ingest.sources.random_access_file import RandomAccessFile
from ingest.sources.table import TableRow, require_columns
from storage.types.items import Scalar

#: The longest line in characters, so that a file without line ends does not fill the memory.
_LINE_LIMIT = 2**20

#: No leading zeros, which belong to names such as 007, and no more digits than 64 bits hold.
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


class CsvTable:
    """The rows of a CSV file, which is read once beforehand for the types of its columns."""

    def __init__(self, file: RandomAccessFile, name: str) -> None:
        self._file = file
        self._name = name
        header = next(self._fields(), (0, []))[1]
        self._columns = [column.strip() for column in header]
        require_columns([column for column in self._columns if column], name)
        self._path = self._columns.index("path")
        self._label = self._columns.index("label") if "label" in self._columns else None
        self._types = {
            index: _ColumnType()
            for index, column in enumerate(self._columns)
            if column and index not in (self._path, self._label)
        }
        for _, fields in self._rows():
            for index, column_type in self._types.items():
                if index < len(fields):
                    column_type.include(fields[index])

    def __iter__(self) -> Iterator[TableRow]:
        for number, fields in self._rows():
            if len(fields) != len(self._columns):
                yield TableRow(number, problem=f"expected {len(self._columns)} fields, got {len(fields)}")
                continue
            label = None if self._label is None else fields[self._label] or None
            metadata = {
                self._columns[index]: column_type.value(fields[index]) for index, column_type in self._types.items()
            }
            yield TableRow(number, fields[self._path], label, metadata)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        rows = self._fields()
        next(rows, None)
        return rows

    def _fields(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the line number and the fields of each row that is not empty; raise SourceUnusable for bad quotes."""
        # Bytes that are not UTF-8 become surrogates: their row alone is rejected later.
        text = io.TextIOWrapper(self._file.reader(), "utf-8-sig", "surrogateescape", newline="")
        rows = csv.reader(self._lines(text), strict=True)
        try:
            yield from ((rows.line_num, fields) for fields in rows if fields)
        except csv.Error as error:
            raise SourceUnusable(f"expected CSV in {self._name}, got in line {rows.line_num}: {error}") from error

    def _lines(self, text: io.TextIOWrapper) -> Iterator[str]:
        while line := text.readline(_LINE_LIMIT):
            if len(line) == _LINE_LIMIT:
                raise SourceUnusable(
                    f"expected lines of fewer than {_LINE_LIMIT} characters in {self._name}, got a longer one"
                )
            yield line


class _ColumnType:
    """The types that all values of a column have in common."""

    def __init__(self) -> None:
        self._integer = self._number = self._boolean = True

    def include(self, text: str) -> None:
        """Rule out the types that a value does not have."""
        if text:
            self._integer = self._integer and _INTEGER.fullmatch(text) is not None
            self._number = self._number and _NUMBER.fullmatch(text) is not None
            self._boolean = self._boolean and text in _BOOLEANS

    def value(self, text: str) -> Scalar:
        """Return a value in the type of the column."""
        if not text:
            return None
        if self._integer:
            return int(text)
        if self._number:
            return float(text)
        return _BOOLEANS[text] if self._boolean else text
