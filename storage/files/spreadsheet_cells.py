"""The cells of a table, so that a spreadsheet neither runs them as a formula nor changes them into a number or a date.

What a text may not begin with is the list of OWASP, https://owasp.org/www-community/attacks/CSV_Injection. An
apostrophe before it says that the cell is a text; one that the text begins with itself is doubled.
"""

import re

_MARK = "'"

#: What a spreadsheet takes a cell for a formula by.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - the wide forms count

#: What is changed when a spreadsheet reads it: numbers that it writes otherwise, dates, truth values.
_CHANGED = re.compile(
    r"[\d\s.,:/%()eE+-]*\d[\d\s.,:/%()eE+-]*|true|false"
    r"|(\d{1,4}[ /.-]?)?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}[ /.-]?(\d{1,4})?",
    re.IGNORECASE,
)

#: Whole numbers that stay as they are.
_PLAIN_INTEGER = re.compile(r"0|[1-9]\d{0,13}")


def escaped(text: str) -> str:
    """Return a text as a cell that a spreadsheet shows and keeps as it is; `unescaped` returns the text."""
    changed = _CHANGED.fullmatch(text) is not None and _PLAIN_INTEGER.fullmatch(text) is None
    return _MARK + text if changed or text.startswith((_MARK, *_FORMULA_STARTS)) else text


def without_formula(text: str) -> str:
    """Return a text as a cell that no spreadsheet runs as a formula; it may show numbers and dates its own way."""
    return _MARK + text if text.startswith(_FORMULA_STARTS) else text


def unescaped(cell: str) -> str:
    """Return the text of a cell."""
    return cell.removeprefix(_MARK)
