"""Plans as CSV files that any spreadsheet reads, and writes back.

They are UTF-8 with a byte order mark, by which spreadsheets know it, commas and quotes as in RFC 4180. Read back are
also semicolons and tabs, UTF-16 with a byte order mark, columns and rows in another order, and columns of one's own.
"""

import csv
import io
from pathlib import Path

from search.errors import PlanRefused
from search.plans.file_spot import FileSpot
from search.plans.plan import Action, Plan, PlanRow, checked_plan
from search.plans.plan_table import DIGEST_PREFIX, digest_of, one_store, read_table, require_columns
from search.plans.source_root import shown_root
from storage.console import printable
from storage.files.output_file import OutputFile
from storage.files.spreadsheet_cells import escaped, unescaped

#: What people read first stands first.
COLUMNS = ("group", "action", "kind", "confidence", "reason", "label", "key", "path", "digest", "size", "root", "store")

#: Without these a plan cannot be applied.
_REQUIRED = ("group", "action", "key", "path", "digest", "root", "store")


def plan_output(path: Path, *, force: bool = False) -> OutputFile:
    """Return the file of a plan; one that is there may have been edited, and is replaced only with `force`."""
    return OutputFile(path, "plan", None, force)


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
            DIGEST_PREFIX + row.digest.hex(),
            "" if row.size is None else row.size,
            escaped("" if row.root is None else shown_root(row.root)),
            escaped(plan.store),
        )
        rows.writerow(fields)
    output.write_bytes(text.getvalue().encode("utf-8-sig"))


def read_plan(path: Path) -> Plan:
    """Read a plan; raise PlanRefused for a file that is none, or a plan that contradicts itself."""
    names, rows = read_table(path)
    require_columns(path, names, _REQUIRED)
    plan_rows: list[PlanRow] = []
    stores: dict[str, int] = {}
    for line, cells in rows:
        fields = dict(zip(names, cells, strict=False))
        plan_rows.append(_row(line, fields))
        stores.setdefault(unescaped(fields.get("store", "")), line)
    return checked_plan(one_store(stores), plan_rows)


def _path(row: PlanRow) -> str:
    return "" if row.root is None else str(FileSpot(shown_root(row.root), row.key))


def _row(line: int, fields: dict[str, str]) -> PlanRow:
    word = fields.get("action", "").strip().lower()
    if word not in (*Action, ""):
        raise PlanRefused(
            f"expected keep, remove, set aside or different in line {line}, got {word!r}: nothing was done"
        )
    root = unescaped(fields.get("root", ""))
    row = PlanRow(
        group=fields.get("group", "").strip(),
        # Whoever empties the cell wants nothing done.
        action=Action(word or Action.KEEP),
        key=unescaped(fields.get("key", "")),
        digest=digest_of(fields.get("digest", ""), line),
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
