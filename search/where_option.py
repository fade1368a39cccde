"""Filters as they are written on a command line: `label=7`, `'width>=640'`, `'exists camera'`."""

import json
import re
from collections.abc import Sequence

from storage import Where
from storage.errors import InvalidQuery
from storage.types.items import Scalar
from storage.types.where import EQUAL, EXISTS, ID, KEY, LABEL, UNEQUAL

#: The first operator splits field from value; of two that begin alike the longer one is meant.
_COMPARISON = re.compile(r"\s*(?P<field>[^=!<>]+?)\s*(?P<operator>!=|<=|>=|==?|<|>)\s*(?P<value>.*?)\s*", re.DOTALL)
_EXISTENCE = re.compile(r"\s*(?P<no>not\s+)?exists\s+(?P<field>.+?)\s*", re.DOTALL)

Value = Scalar | list[Scalar]


def where_of(texts: Sequence[str]) -> Where | None:
    """Return the filter that all of the options together say, None for no options; raise InvalidQuery.

    A value is JSON when it can be read as such, `640`, `true`, `null`, `"640"` or `["3", "8"]` for any of them, and
    else a text. Since a command line has no types, a bare number is equal to the text as well.
    """
    where: dict[str, dict[str, Value]] = {}
    for text in texts:
        field, operator, value = _condition(text)
        by_operator = where.setdefault(field, {})
        if operator == UNEQUAL and operator in by_operator:
            value = [*_listed(by_operator[operator]), *_listed(value)]
        elif operator in by_operator:
            raise InvalidQuery(
                f"expected {field}{operator} once, got it again in {text!r}: for any of several values write "
                f"""'{field}=["a", "b"]'"""
            )
        by_operator[operator] = value
    return where or None


def _condition(text: str) -> tuple[str, str, Value]:
    if (found := _COMPARISON.fullmatch(text)) is not None:
        operator = EQUAL if found["operator"] == "==" else found["operator"]
        return found["field"], operator, _value(found["field"], operator, found["value"])
    if (found := _EXISTENCE.fullmatch(text)) is not None:
        return found["field"], EXISTS, found["no"] is None
    raise InvalidQuery(
        f"expected a filter such as label=7, 'width>=640', 'label!=7', 'exists camera' or 'not exists camera', "
        f"got {text!r}"
    )


def _value(field: str, operator: str, text: str) -> Value:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if field in (KEY, LABEL):
        # A label that looks like a number is a text all the same.
        return value if isinstance(value, list | str | None) else text
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and field != ID and operator in (EQUAL, UNEQUAL):
        return [value, text]
    return value  # type: ignore[no-any-return]  # what it may be is storage's to say


def _listed(value: Value) -> list[Scalar]:
    return value if isinstance(value, list) else [value]
