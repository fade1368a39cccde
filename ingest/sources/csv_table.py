"""Rows of a CSV file: commas, semicolons or tabs, quotes doubled inside quotes (RFC 4180), names in the first line.

It is UTF-8, or UTF-16 or UTF-32 with a byte order mark. Spaces around a name or a value are no part of it. CSV has no
types: a column whose values are all integers, numbers or truth values is read as such, every other as text. An empty
field is None, and so is a word for it, such as NA, in a column of numbers or truth values. A column without a name is
ignored.
"""

import codecs
import contextlib
import csv
import io
import re
from collections.abc import Iterator

from ingest.errors import SourceUnusable
from ingest.sources.random_access_file import RandomAccessFile
from ingest.sources.table import NOTHING, NUMBERS, TEXTS, TRUTH_VALUES, TableRow, require_columns
from storage.types.items import Scalar
from storage.types.storable import shortened

#: The longest line in characters, so that a file without line ends does not fill the memory.
_LINE_LIMIT = 2**20

#: What may separate fields, in the order in which the header is tried: spreadsheets write semicolons where a comma
#: separates decimals, and tabs in UTF-16.
_DELIMITERS = ",;\t"

#: Encodings by their byte order marks; that of UTF-32 begins like that of UTF-16.
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}

#: No leading zeros, which belong to names such as 007, and no more digits than 64 bits hold.
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

#: What stands for nothing among numbers and truth values, in lower case.
_NOTHING_WORDS = frozenset({"na", "n/a", "#n/a", "<na>", "nan", "null", "none"})


class CsvTable:
    """The rows of a CSV file, which is read once beforehand for the types of its columns."""

    def __init__(self, file: RandomAccessFile, name: str) -> None:
        self._file = file
        self._name = name
        self._encoding = self._find_encoding()
        self._delimiter = _delimiter_of(next((line for line in self._lines() if line.strip()), ""))
        self._names = next(self._fields(), (0, []))[1]
        require_columns([column for column in self._names if column], name)
        self._path = self._names.index("path")
        self._label = self._names.index("label") if "label" in self._names else None
        self._types = {
            index: _ColumnType()
            for index, column in enumerate(self._names)
            if column and index not in (self._path, self._label)
        }
        for number, fields in self._rows():
            for index, column_type in self._types.items():
                if index < len(fields):
                    column_type.include(fields[index], number)
        self.column_kinds = {self._names[index]: column_type.kind() for index, column_type in self._types.items()}

    def __iter__(self) -> Iterator[TableRow]:
        for number, fields in self._rows():
            if len(fields) != len(self._names):
                yield TableRow(number, problem=f"expected {len(self._names)} fields, got {len(fields)}")
                continue
            label = None if self._label is None else fields[self._label] or None
            metadata = {
                self._names[index]: column_type.value(fields[index]) for index, column_type in self._types.items()
            }
            yield TableRow(number, fields[self._path], label, metadata)

    def _find_encoding(self) -> str:
        """Return "UTF-8", or the encoding of the byte order mark; raise SourceUnusable for UTF-16 without one."""
        start = self._file.read_at(0, 4)
        if len(start) > 1 and start[:2].count(0) == 1:
            raise SourceUnusable(
                f"expected CSV in UTF-8, or in UTF-16 with a byte order mark, in {self._name}, got UTF-16 without one: "
                "save it as UTF-8"
            )
        return next((encoding for mark, encoding in _BYTE_ORDER_MARKS.items() if start.startswith(mark)), "UTF-8")

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        rows = self._fields()
        next(rows, None)
        return rows

    def _fields(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the line number and the fields of each row that is not empty; raise SourceUnusable for bad quotes."""
        rows = csv.reader(self._lines(), delimiter=self._delimiter, skipinitialspace=True, strict=True)
        try:
            yield from ((rows.line_num, [field.strip() for field in fields]) for fields in rows if fields)
        except csv.Error as error:
            raise SourceUnusable(f"expected CSV in {self._name}, got in line {rows.line_num}: {error}") from error

    def _lines(self) -> Iterator[str]:
        # Bytes that are not UTF-8 become surrogates: their row alone is rejected later.
        codec, errors = ("utf-8-sig", "surrogateescape") if self._encoding == "UTF-8" else (self._encoding, "strict")
        text = io.TextIOWrapper(self._file.reader(), codec, errors, newline="")
        try:
            while line := text.readline(_LINE_LIMIT):
                if len(line) == _LINE_LIMIT:
                    raise SourceUnusable(
                        f"expected lines of fewer than {_LINE_LIMIT} characters in {self._name}, got a longer one"
                    )
                yield line
        except UnicodeDecodeError as error:
            raise SourceUnusable(
                f"expected {self._encoding} in {self._name}, as its byte order mark says, got '{error.reason}': "
                "save it as UTF-8"
            ) from error


def _delimiter_of(header: str) -> str:
    """Return what separates the names of the columns, of which one must be `path`; a comma when none is."""
    for delimiter in _DELIMITERS:
        with contextlib.suppress(csv.Error):
            names = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True), [])
            if "path" in [name.strip() for name in names]:
                return delimiter
    return _DELIMITERS[0]


class _ColumnType:
    """The types that all values of a column have in common, and the first values that rule out the others."""

    def __init__(self) -> None:
        self._all_integers = True
        self._numbers = self._booleans = False
        self._no_number: tuple[int, str] | None = None
        self._no_boolean: tuple[int, str] | None = None
        self._nothing_word: str | None = None

    def include(self, text: str, line: int) -> None:
        """Take account of the value in a line."""
        if not text:
            return
        if _is_nothing(text):
            self._nothing_word = self._nothing_word or text
            return
        self._all_integers = self._all_integers and _INTEGER.fullmatch(text) is not None
        if not (self._numbers and self._no_number):
            if _NUMBER.fullmatch(text):
                self._numbers = True
            else:
                self._no_number = self._no_number or (line, text)
        if text in _BOOLEANS:
            self._booleans = True
        else:
            self._no_boolean = self._no_boolean or (line, text)

    def kind(self) -> str:
        """Return what the values are read as, with what a user may not expect."""
        if self._has_numbers or self._has_booleans:
            kind = NUMBERS if self._has_numbers else TRUTH_VALUES
            return f"{kind} where {shortened(self._nothing_word)} is nothing" if self._nothing_word else kind
        exception = self._no_number if self._numbers else self._no_boolean if self._booleans else None
        if exception is not None:
            line, text = exception
            return f"{TEXTS} since line {line} has {shortened(text)}"
        return TEXTS if self._no_number or self._nothing_word else NOTHING

    def value(self, text: str) -> Scalar:
        """Return a value in the type of the column."""
        if not text:
            return None
        if not (self._has_numbers or self._has_booleans):
            return text
        if _is_nothing(text):
            return None
        if self._has_booleans:
            return _BOOLEANS[text]
        return int(text) if self._all_integers else float(text)

    @property
    def _has_numbers(self) -> bool:
        return self._numbers and self._no_number is None

    @property
    def _has_booleans(self) -> bool:
        return self._booleans and self._no_boolean is None


def _is_nothing(text: str) -> bool:
    return text.lower() in _NOTHING_WORDS
