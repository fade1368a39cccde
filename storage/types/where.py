"""Filters: for each field of an item the values that it must have."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from storage.errors import InvalidQuery
from storage.types.items import MAX_DIGITS, Scalar, is_storable_integer, is_storable_text

#: One value, a list of values of which any will do, or values by operator: `{"label": "7", "width": {">=": 640}}`.
FieldFilter = Scalar | Sequence[Scalar] | Mapping[str, Scalar | Sequence[Scalar]]
Where = Mapping[str, FieldFilter]

EQUAL, UNEQUAL, EXISTS = "=", "!=", "exists"
ORDERS = ("<", "<=", ">", ">=")
OPERATORS = (EQUAL, UNEQUAL, *ORDERS, EXISTS)

#: The fields that every item has; any other name is that of metadata.
ID, KEY, LABEL = COLUMNS = ("id", "key", "label")


class Kind(StrEnum):
    """The kinds of values, none of which ever equals another; None is of no kind."""

    TEXT = "a text"
    NUMBER = "a number"
    BOOLEAN = "a truth value"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one field: equal to any of the values, to none of them, or ordered relative to a single value.

    `exists` has a single boolean. A number never equals a text or a boolean, and a null value counts as missing.
    """

    field: str
    operator: str
    values: tuple[Scalar, ...]

    @property
    def kinds(self) -> set[Kind]:
        """Return the kinds of values that an item's must be compared with, none where it may be missing instead."""
        if self.operator == EXISTS or None in self.values:
            return set()
        return {kind_of(value) for value in self.values if value is not None}


def kind_of(value: str | int | float | bool) -> Kind:
    """Return the kind of a value."""
    if isinstance(value, str):
        return Kind.TEXT
    return Kind.BOOLEAN if isinstance(value, bool) else Kind.NUMBER


def conditions_of(where: Where | None) -> tuple[Condition, ...]:
    """Return the conditions of a filter, all of which must hold; raise InvalidQuery for a filter without meaning."""
    if where is None:
        return ()
    if not isinstance(where, Mapping):
        raise InvalidQuery(f"expected a filter such as {{'label': '7'}}, got {where!r}")
    return tuple(_conditions(where))


def canonical_text(conditions: Sequence[Condition]) -> str:
    """Return a text that is equal only for equal conditions; in Python, 1, 1.0 and True are equal."""
    return json.dumps([[condition.field, condition.operator, condition.values] for condition in conditions])


def _conditions(where: Where) -> Iterator[Condition]:
    for field, value in where.items():
        if not isinstance(field, str) or not is_storable_text(field):
            raise InvalidQuery(f"expected the name of a field as a text, got {field!r}")
        by_operator = value if isinstance(value, Mapping) else {EQUAL: value}
        if not by_operator:
            raise InvalidQuery(f"expected a value of the field {field!r}, got none: leave the field out")
        for operator, operand in by_operator.items():
            yield _condition(field, operator, operand)


def _condition(field: str, operator: str, operand: object) -> Condition:
    if operator not in OPERATORS:
        raise InvalidQuery(f"expected one of {', '.join(OPERATORS)} for the field {field!r}, got {operator!r}")
    is_list = isinstance(operand, list | tuple | set | frozenset | np.ndarray)
    values = tuple(_scalar(field, value) for value in (operand if is_list else [operand]))  # type: ignore[attr-defined]
    if operator == EXISTS:
        if is_list or not isinstance(values[0], bool):
            raise InvalidQuery(f"expected True or False for 'exists' of the field {field!r}, got {operand!r}")
    elif operator in ORDERS and (is_list or isinstance(values[0], bool | None)):
        raise InvalidQuery(f"expected one number or text to compare the field {field!r} with, got {operand!r}")
    elif field in COLUMNS:
        for value in values:
            _require_type_of_column(field, operator, value)
    return Condition(field, operator, values)


def _scalar(field: str, value: object) -> Scalar:
    """Return a value as Python's own type: SQLite silently matches nothing when it is given NumPy's."""
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, Scalar) or (isinstance(value, float) and not math.isfinite(value)):
        raise InvalidQuery(
            f"expected a text, a finite number, a truth value or None for the field {field!r}, got {value!r}"
        )
    if isinstance(value, str) and not is_storable_text(value):
        raise InvalidQuery(f"expected a text that can be stored for the field {field!r}, got {value!r}")
    if isinstance(value, int) and not is_storable_integer(value):
        raise InvalidQuery(
            f"expected a number of at most {MAX_DIGITS} digits for the field {field!r}, got a longer one"
        )
    return value


def _require_type_of_column(field: str, operator: str, value: Scalar) -> None:
    """Raise InvalidQuery for a value that a column can never have: the filter would silently match nothing."""
    if field == ID:
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidQuery(f"expected a whole number for the field 'id', got {value!r}")
    elif not isinstance(value, str) and not (field == LABEL and value is None and operator not in ORDERS):
        raise InvalidQuery(f"expected a text for the field {field!r}, got {value!r}: write {str(value)!r}")
