"""Tables as spreadsheets write them: CSV with commas, semicolons or tabs, in UTF-8 or UTF-16."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from search.errors import PlanRefused
from storage.console import printable

_DELIMITERS = ",;\t"
_SEPARATOR_LINE = re.compile('"?sep=."?\r?\n', re.IGNORECASE)
_MOST_BYTES = 2**30

DIGEST_PREFIX = "sha256:"


def digest_of(cell: str, line: int) -> bytes:
    """Return the digest in a cell; raise PlanRefused for anything else."""
    text = cell.strip()
    try:
        content = bytes.fromhex(text.removeprefix(DIGEST_PREFIX))
    except ValueError:
        content = b""
    if not text.startswith(DIGEST_PREFIX) or len(content) != 32:
        raise PlanRefused(
            f"expected a digest in line {line}, sha256: and 64 digits, got {text[:80]!r}: make the plan again"
        )
    return content


def require_columns(path: Path, names: list[str], required: tuple[str, ...]) -> None:
    """Raise PlanRefused unless a table has these columns."""
    missing = [name for name in required if name not in names]
    if missing:
        raise PlanRefused(
            f"expected a plan with the columns {', '.join(required)}, got {printable(str(path))} without "
            f"{', '.join(missing)}: apply a file that --plan wrote"
        )


def one_store(stores: dict[str, int]) -> str:
    """Return the one store that rows name, given the first line of each; raise PlanRefused for several."""
    if len(stores) > 1:
        (one, _), (other, line), *_ = stores.items()
        raise PlanRefused(
            f"expected a plan for one store, got {printable(one)} and, in line {line}, {printable(other)}: apply them "
            "one by one"
        )
    return next(iter(stores), "")


def read_table(path: Path) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Return the names of the columns, and each row's line number and cells."""
    text = _text(path)
    # By such a line Excel is told what separates the cells.
    if hint := _SEPARATOR_LINE.match(text):
        text = text[hint.end() :]
    header = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=header.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        table = [(rows.line_num, cells) for cells in rows if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise PlanRefused(
            f"expected a plan in CSV, got in line {rows.line_num} of {printable(str(path))}: {error}: save it as CSV"
        ) from error
    names = [name.strip().lower() for name in table[0][1]] if table else []
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise PlanRefused(f"expected each column once, got {repeated[0]} twice: leave one of the two")
    return names, iter(table[1:])


def _text(path: Path) -> str:
    name = printable(str(path))
    try:
        if not path.is_file():
            raise PlanRefused(f"expected a plan that --plan wrote, got {name}, which is no file: name one that exists")
        if path.stat().st_size > _MOST_BYTES:
            raise PlanRefused(f"expected a plan of at most {_MOST_BYTES:,} bytes, got {name}: split it")
        data = path.read_bytes()
    except OSError as error:
        raise PlanRefused(f"expected a plan that can be read, got {name}: {error.strerror}") from error
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise PlanRefused(f"expected a plan in UTF-8, got another encoding in {name}: save it as UTF-8") from error
