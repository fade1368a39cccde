"""Decide in Python whether metadata fulfils a condition: SQLite calls it where its own JSON functions are not exact.

Python compares whole numbers of any size with floating-point numbers exactly, and texts by their code points, as both
databases compare them. https://docs.python.org/3/library/stdtypes.html#comparisons
"""

import json
import math
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from storage.types.items import Scalar
from storage.types.where import EQUAL, EXISTS, ORDERS, Condition

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def fulfils(metadata: str, condition_text: str) -> bool:
    """Return whether an item's metadata, as JSON, fulfils a condition, of which `canonical_text` is given."""
    return fulfils_condition(json.loads(metadata), _condition(condition_text))


def fulfils_condition(metadata: Mapping[str, Any], condition: Condition) -> bool:
    """Return whether an item's metadata fulfils a condition on one of its fields."""
    return _value_fulfils(metadata.get(condition.field), condition)


@lru_cache(maxsize=64)
def _condition(text: str) -> Condition:
    ((field, operator, values),) = json.loads(text)
    return Condition(field, operator, tuple(values))


def _value_fulfils(value: Scalar, condition: Condition) -> bool:
    if condition.operator == EXISTS:
        return (value is not None) == condition.values[0]
    if condition.operator in ORDERS:
        (operand,) = condition.values
        return _kind(value) is _kind(operand) and bool(COMPARISONS[condition.operator](value, operand))
    equal = any(_kind(value) is _kind(operand) and value == operand for operand in condition.values)
    return equal == (condition.operator == EQUAL)


def nearest_float(number: int | float) -> float:
    """Return the nearest floating-point number, infinity beyond the largest."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _kind(value: Scalar) -> type:
    """Return the type of the values that a value can be compared with; in Python, True equals 1."""
    return float if type(value) is int else type(value)
