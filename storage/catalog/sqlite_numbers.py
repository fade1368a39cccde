"""Conditions on metadata in SQLite, exact although its JSON functions are not.

SQLite reads a whole number beyond 64 bits, and on some processors any fraction, as a number near it, and cuts a text at
a NUL character. So a value is compared in SQL where the outcome is certain, and in Python where it is not
(`exact_filters`). https://sqlite.org/json1.html
"""

import json
import math
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from storage.catalog.exact_filters import COMPARISONS, nearest_float
from storage.catalog.json_sql import INTEGER, NUL, REAL, Clause, equals_any, is_whole
from storage.types.where import EQUAL, ORDERS, Condition, canonical_text

#: The name of `exact_filters.fulfils` as a function of a connection.
FULFILS = "fulfils"

#: How far what SQLite reads may be from the number, relatively and at least: beyond the error of any implementation.
_RELATIVE_ERROR, _LEAST_ERROR = 2.0**-40, 1e-290

_LARGEST = math.nextafter(math.inf, 0)


def exact_despite_nul(document: Any, condition: Condition, clause: Clause) -> Clause:
    """Return a condition on a document's field, given its clause for documents without NUL characters."""
    return sa.case((sa.func.instr(document, NUL) > 0, _fulfils(document, condition)), else_=clause)


def sqlite_number_clause(document: Any, fields: Any, condition: Condition, numbers: Sequence[int | float]) -> Clause:
    """Return whether a field of a document is a number that fulfils a condition: an order, or equal to one of some."""
    value = fields.c.value
    if condition.operator in ORDERS:
        (number,) = numbers
        compare = COMPARISONS[condition.operator]
        small = compare(value, _bound(number if abs(number) < 2**63 else nearest_float(number)))
        other = _order(document, value, condition, number)
    else:
        integers = [int(number) for number in numbers if is_whole(number)]
        small = equals_any(value, [integer for integer in integers if -(2**63) <= integer < 2**63])
        other = _equal(document, value, condition.field, numbers)
    is_real = sa.func.typeof(value) == REAL
    return sa.case((is_real, other), (fields.c.type == INTEGER, small), else_=sa.false())


def _order(document: Any, value: Any, condition: Condition, number: int | float) -> Clause:
    """Return the order of a value that SQLite reads as a floating-point number."""
    near, compare = nearest_float(number), COMPARISONS[condition.operator]
    error = max(abs(near) * _RELATIVE_ERROR, _LEAST_ERROR) if math.isfinite(near) else 0.0
    low, high = min(near - error, _LARGEST), max(near + error, -_LARGEST)
    is_equal = _is_written(document, condition.field, number)
    outcome_of_equal = sa.true() if compare(number, number) else sa.false()
    uncertain = sa.case((is_equal, outcome_of_equal), else_=_fulfils(document, condition))
    return sa.case((value.between(_bound(low), _bound(high)), uncertain), else_=compare(value, _bound(near)))


def _equal(document: Any, value: Any, field: str, numbers: Sequence[int | float]) -> Clause:
    """Return whether a value that SQLite reads as a floating-point number is one of some numbers."""
    # Written as they are stored, they are read as what is stored is read.
    as_written: list[int | float] = [int(number) for number in numbers if is_whole(number) and abs(number) >= 2**63]
    as_written += [nearest_float(number) for number in numbers if nearest_float(number) == number]
    exact = _fulfils(document, Condition(field, EQUAL, tuple(numbers)))
    if len(numbers) == 1:
        exact = sa.case((_is_written(document, field, numbers[0]), sa.true()), else_=exact)
    # Not `and`: SQLite would evaluate its second part first.
    return sa.case((equals_any(value, as_written), exact), else_=sa.false())


def _is_written(document: Any, field: str, number: int | float) -> Clause:
    """Return whether a field is written as a number is: if so it is equal, and otherwise it may be.

    Names and numbers cannot stand so within a text, where quotes are escaped.
    """
    near = nearest_float(number)
    text = f"{json.dumps(field, ensure_ascii=False)}: {json.dumps(near if near == number else number)}"
    return sa.or_(*(sa.func.instr(document, text + end) > 0 for end in ",}"))


def _fulfils(document: Any, condition: Condition) -> Clause:
    """Return `exact_filters.fulfils` of a document."""
    fulfilled: sa.Function[bool] = sa.func.fulfils(document, sa.literal(canonical_text([condition]), sa.Text()))
    return fulfilled == sa.literal(1)


def _bound(number: int | float) -> Any:
    return sa.literal(number, sa.Float() if isinstance(number, float) else sa.BigInteger())
