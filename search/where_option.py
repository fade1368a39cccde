"""Parse filters of a command line: `label=7`, `'width>=640'`, `'exists camera'`."""

import json
import re
from collections.abc import Sequence

from storage import Where
from storage.errors import InvalidQuery
from storage.types.items import Scalar
from storage.types.where import EQUAL, EXISTS, ID, KEY, LABEL, UNEQUAL

#: The first operator separates field and value; in the pattern `<=` comes before `<`, which is a prefix of it.
_COMPARISON = re.compile(r"\s*(?P<field>[^=!<>]+?)\s*(?P<operator>!=|<=|>=|==?|<|>)\s*(?P<value>.*?)\s*", re.DOTALL)
_EXISTENCE = re.compile(r"\s*(?P<no>not\s+)?exists\s+(?P<field>.+?)\s*", re.DOTALL)

Value = Scalar | list[Scalar]


def where_of(texts: Sequence[str]) -> Where | None:
    """Return the filter of all options together, None without options; raise InvalidQuery.

    A value is parsed as JSON, such as `640`, `true`, `null`, `"640"` or `["3", "8"]` for any of several; anything else
    is a text. A bare number also equals the same number stored as text, because a command line has no types.
    """
    where: dict[str, dict[str, Value]] = {}
    for text in texts:
        field, operator, value = _condition(text)
        by_operator = where.setdefault(field, {})
        if operator == UNEQUAL and operator in by_operator:
            value = [*_as_list(by_operator[operator]), *_as_list(value)]
        elif operator in by_operator:
            raise InvalidQuery(
                f"expected {field}{operator} once, got it again in {text!r}: for any of several values write "
                f"""'{field}=["a", "b"]'"""
            )
        by_operator[operator] = value
    return where or None


def _condition(text: str) -> tuple[str, str, Value]:
    if (match := _COMPARISON.fullmatch(text)) is not None:
        operator = EQUAL if match["operator"] == "==" else match["operator"]
        return match["field"], operator, _value(match["field"], operator, match["value"])
    if (match := _EXISTENCE.fullmatch(text)) is not None:
        return match["field"], EXISTS, match["no"] is None
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
        # Labels are texts, also those that look like numbers.
        return value if isinstance(value, list | str | None) else text
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and field != ID and operator in (EQUAL, UNEQUAL):
        return [value, text]
    return value  # type: ignore[no-any-return]  # storage checks its type


def _as_list(value: Value) -> list[Scalar]:
    return value if isinstance(value, list) else [value]
