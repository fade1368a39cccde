"""What a filter may say: each field of an item with the values that are wanted of it."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from storage.errors import InvalidQuery
from storage.types.items import Scalar, is_storable_text

#: A value, several of which any will do, or values by operator: `{"label": "7", "width": {">=": 640}}`.
Wanted = Scalar | Sequence[Scalar] | Mapping[str, Scalar | Sequence[Scalar]]
Where = Mapping[str, Wanted]

EQUAL, UNEQUAL, EXISTS = "=", "!=", "exists"
ORDERS = ("<", "<=", ">", ">=")
OPERATORS = (EQUAL, UNEQUAL, *ORDERS, EXISTS)

#: The fields that every item has; any other name is one of its metadata.
ID, KEY, LABEL = COLUMNS = ("id", "key", "label")


@dataclass(frozen=True, slots=True)
class Condition:
    """What one field must be: equal to any of the values, to none of them, or in order with the one that there is.

    `exists` has one truth value. A number is never equal to a text or a truth value, and a value that is null is one
    that is not there.
    """

    field: str
    operator: str
    values: tuple[Scalar, ...]


def conditions_of(where: Where) -> tuple[Condition, ...]:
    """Return what a filter says, all of which must hold; raise InvalidQuery for what can mean nothing."""
    if not isinstance(where, Mapping):
        raise InvalidQuery(f"expected a filter such as {{'label': '7'}}, got {where!r}")
    return tuple(_conditions(where))


def text_of(conditions: Sequence[Condition]) -> str:
    """Return a text that is the same only for filters that say the same."""
    return json.dumps([[one.field, one.operator, one.values] for one in conditions])


def _conditions(where: Where) -> Iterator[Condition]:
    for field, wanted in where.items():
        if not isinstance(field, str) or not is_storable_text(field):
            raise InvalidQuery(f"expected the name of a field as a text, got {field!r}")
        by_operator = wanted if isinstance(wanted, Mapping) else {EQUAL: wanted}
        if not by_operator:
            raise InvalidQuery(f"expected a value of the field {field!r}, got none: leave the field out")
        for operator, value in by_operator.items():
            yield _condition(field, operator, value)


def _condition(field: str, operator: str, value: object) -> Condition:
    if operator not in OPERATORS:
        raise InvalidQuery(f"expected one of {', '.join(OPERATORS)} for the field {field!r}, got {operator!r}")
    several = isinstance(value, list | tuple | set | frozenset | np.ndarray)
    values = tuple(_scalar(field, one) for one in (value if several else [value]))  # type: ignore[attr-defined]
    if operator == EXISTS:
        if several or not isinstance(values[0], bool):
            raise InvalidQuery(f"expected True or False for 'exists' of the field {field!r}, got {value!r}")
        return Condition(field, operator, values)
    if operator in ORDERS and (several or isinstance(values[0], bool | None)):
        raise InvalidQuery(f"expected one number or text to compare the field {field!r} with, got {value!r}")
    if field in COLUMNS:
        for one in values:
            _require_fitting(field, operator, one)
    return Condition(field, operator, values)


def _scalar(field: str, value: object) -> Scalar:
    """Return a value as Python's own, which is what SQLite compares rightly."""
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, Scalar) or (isinstance(value, float) and not math.isfinite(value)):
        raise InvalidQuery(
            f"expected a text, a finite number, a truth value or None for the field {field!r}, got {value!r}"
        )
    if isinstance(value, str) and not is_storable_text(value):
        raise InvalidQuery(f"expected a text that can be stored for the field {field!r}, got {value!r}")
    return value


def _require_fitting(field: str, operator: str, value: Scalar) -> None:
    """Raise InvalidQuery for a value that a column can never have: a slip that would silently find nothing."""
    if field == ID:
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidQuery(f"expected a whole number for the field 'id', got {value!r}")
    elif not isinstance(value, str) and not (field == LABEL and value is None and operator not in ORDERS):
        raise InvalidQuery(f"expected a text for the field {field!r}, got {value!r}: write {str(value)!r}")
