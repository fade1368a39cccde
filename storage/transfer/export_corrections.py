"""Write the corrections of labels as a table, to correct the source itself by."""

import csv
import io
from pathlib import Path

from storage.errors import FileUnusable
from storage.files.output_file import OutputFile
from storage.files.spreadsheet_cells import without_formula
from storage.store import Store

#: The first two are those of a manifest.
COLUMNS = ("path", "label", "from")


def export_corrections(store: Store, file: Path, *, force: bool = False) -> int:
    """Write `path` (the item's key), `label` and `from` (the source's label) of each correction; return how many.

    The CSV file is in UTF-8, ordered by path; an apostrophe stands before a cell that a spreadsheet would run as a
    formula. Raise FileUnusable for a folder that is not there, OutputRefused, StoreUnwritable, or StoreCorrupt.
    """
    if not file.parent.is_dir():
        raise FileUnusable(f"expected a folder for {file.name}, found none at {file.parent}: make it first")
    output = OutputFile(file, "table", None, force)
    output.require_replaceable(store)
    corrections = sorted(store.corrections().by_item.values(), key=lambda correction: correction.key)
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for correction in corrections:
        cells = (correction.key, correction.label or "", correction.source_label or "")
        rows.writerow(map(without_formula, cells))
    output.write_bytes(text.getvalue().encode("utf-8-sig"))
    return len(corrections)
