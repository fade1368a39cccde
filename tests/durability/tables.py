"""Render tables as people see them."""

import io
import re

from rich.console import Console
from rich.table import Table


def shown(table: Table) -> list[str]:
    """Return a table's lines as they are printed, without its frame."""
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(table)
    lines = [" ".join(re.sub("[│┃]", " ", line).split()) for line in console.export_text().splitlines()]
    return [line for line in lines if re.search(r"\w", line)]
