"""Plans as CSV files that any spreadsheet reads, and writes back.

They are UTF-8 with a byte order mark, by which spreadsheets know it, commas and quotes as in RFC 4180. Read back are
also semicolons and tabs, UTF-16 with a byte order mark, columns and rows in another order, and columns of one's own.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from search.errors import PlanRefused
from search.plans.cells import escaped, unescaped
from search.plans.file_spot import FileSpot
from search.plans.plan import Action, Plan, PlanRow, checked_plan
from search.plans.source_root import shown_root
from storage.console import printable
from storage.files.output_file import OutputFile

#: What people read first stands first.
COLUMNS = ("group", "action", "kind", "confidence", "reason", "label", "key", "path", "digest", "size", "root", "store")

#: Without these a plan cannot be applied.
_REQUIRED = ("group", "action", "key", "path", "digest", "root", "store")

_DIGEST = "sha256:"
_DELIMITERS = ",;\t"
_SEPARATOR_LINE = re.compile('"?sep=."?\r?\n', re.IGNORECASE)
_MOST_BYTES = 2**30


def plan_output(path: Path, *, force: bool = False) -> OutputFile:
    """Return the file of a plan; one that is there may have been edited, and is replaced only with `force`."""
    return OutputFile(path, "plan", lambda _: False, force)


def write_plan(plan: Plan, output: OutputFile) -> None:
    """Write a plan; raise OutputRefused or StoreUnwritable."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for row in plan.rows:
        fields = (
            row.group,
            row.action,
            row.kind,
            "" if row.confidence is None else f"{row.confidence:.2f}",
            escaped(row.reason),
            escaped(row.label or ""),
            escaped(row.key),
            escaped(_path(row)),
            _DIGEST + row.digest.hex(),
            "" if row.size is None else row.size,
            escaped("" if row.root is None else shown_root(row.root)),
            escaped(plan.store),
        )
        rows.writerow(fields)
    output.write_bytes(text.getvalue().encode("utf-8-sig"))


def read_plan(path: Path) -> Plan:
    """Read a plan; raise PlanRefused for a file that is none, or a plan that contradicts itself."""
    names, rows = _table(path)
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        raise PlanRefused(
            f"expected a plan with the columns {', '.join(_REQUIRED)}, got {printable(str(path))} without "
            f"{', '.join(missing)}: apply a file that --plan wrote"
        )
    plan_rows: list[PlanRow] = []
    stores: dict[str, int] = {}
    for line, cells in rows:
        fields = dict(zip(names, cells, strict=False))
        plan_rows.append(_row(line, fields))
        stores.setdefault(unescaped(fields.get("store", "")), line)
    if len(stores) > 1:
        (one, _), (other, line), *_ = stores.items()
        raise PlanRefused(
            f"expected a plan for one store, got {printable(one)} and, in line {line}, {printable(other)}: apply them "
            "one by one"
        )
    return checked_plan(next(iter(stores), ""), plan_rows)


def _path(row: PlanRow) -> str:
    return "" if row.root is None else str(FileSpot(shown_root(row.root), row.key))


def _row(line: int, fields: dict[str, str]) -> PlanRow:
    word = fields.get("action", "").strip().lower()
    if word not in (*Action, ""):
        raise PlanRefused(f"expected keep, remove or different in line {line}, got {word!r}: nothing was done")
    digest = fields.get("digest", "").strip()
    try:
        content = bytes.fromhex(digest.removeprefix(_DIGEST))
    except ValueError:
        content = b""
    if not digest.startswith(_DIGEST) or len(content) != 32:
        raise PlanRefused(
            f"expected a digest in line {line}, sha256: and 64 digits, got {digest[:80]!r}: make the plan again"
        )
    root = unescaped(fields.get("root", ""))
    row = PlanRow(
        group=fields.get("group", "").strip(),
        # Whoever empties the cell wants nothing done.
        action=Action(word or Action.KEEP),
        key=unescaped(fields.get("key", "")),
        digest=content,
        root=root or None,
        kind=fields.get("kind", ""),
        line=line,
    )
    path = unescaped(fields.get("path", ""))
    if path != _path(row):
        raise PlanRefused(
            f"expected the path of {printable(row.key)} below {printable(root)} in line {line}, got "
            f"{printable(path)}: make the plan again, and change its column action only"
        )
    return row


def _table(path: Path) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
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
    repeated = sorted({name for name in names if name in COLUMNS and names.count(name) > 1})
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
