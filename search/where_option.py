"""Parse filters of a command line: `label=7`, `'width>=640'`, `'exists camera'`."""

import json
import re
from collections.abc import Sequence

from storage import Where
from storage.errors import InvalidQuery
from storage.types.items import Scalar
from storage.types.where import EQUAL, EXISTS, ID, KEY, LABEL, UNEQUAL

#: A name, or any text as JSON in quotes: a name may have operators, or spaces around it.
_FIELD = r'(?P<field>"(?:[^"\\]|\\.)*"|{})'

#: The first operator separates field and value; in the pattern `<=` comes before `<`, which is a prefix of it.
_COMPARISON = re.compile(
    rf"\s*{_FIELD.format('[^=!<>]+?')}\s*(?P<operator><>|=>|!==|!=|<=|>=|==?|<|>)\s*(?P<value>.*?)\s*", re.DOTALL
)
_EXISTENCE = re.compile(rf"\s*(?P<no>not\s+)?exists\s+{_FIELD.format('.+?')}\s*", re.DOTALL)

#: Operators of other languages, which would otherwise compare with a text such as ">7": the right one and that text.
_MISTAKEN = {"<>": (UNEQUAL, ">"), "=>": (">=", ">"), "!==": (UNEQUAL, "=")}

Value = Scalar | list[Scalar]


def where_of(texts: Sequence[str]) -> Where | None:
    """Return the filter of all options together, None without options; raise InvalidQuery.

    A value is parsed as JSON, such as `640`, `true`, `null`, `"640"` or `["3", "8"]` for any of several; anything else
    is a text. A bare number or truth value also equals the same text, because a command line has no types.
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
    existence = _EXISTENCE.fullmatch(text)
    is_quoted = existence is not None and _quoted_name(existence["field"]) is not None
    if not is_quoted and (match := _COMPARISON.fullmatch(text)) is not None:
        field, operator = _field(match["field"]), match["operator"]
        if operator in _MISTAKEN:
            right, start = _MISTAKEN[operator]
            raise InvalidQuery(
                f"expected an operator such as {right}, got {operator} in {text!r}: write a value that begins with "
                f"{start} in double quotes"
            )
        operator = EQUAL if operator == "==" else operator
        return field, operator, _value(field, operator, match["value"])
    if existence is not None:
        return _field(existence["field"]), EXISTS, existence["no"] is None
    raise InvalidQuery(
        f"expected a filter such as label=7, 'width>=640', 'label!=7', 'exists camera' or 'not exists camera', "
        f"got {text!r}"
    )


def _field(text: str) -> str:
    """Return the name that is given in quotes, or as it is."""
    name = _quoted_name(text)
    return text if name is None else name


def _quoted_name(text: str) -> str | None:
    """Return the name that is given in quotes, None for any other text."""
    name = _parsed(text) if text.startswith('"') else None
    return name if isinstance(name, str) and name != text else None


def _value(field: str, operator: str, text: str) -> Value:
    value = _parsed(text)
    if field in (KEY, LABEL):
        # Labels are texts, also those that look like numbers.
        return value if isinstance(value, list | str | None) else text
    if isinstance(value, int | float) and field != ID and operator in (EQUAL, UNEQUAL):
        return [value, text]
    return value  # type: ignore[return-value]  # storage checks its type


def _parsed(text: str) -> object:
    """Return the value of a text that is JSON, otherwise the text."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text


def _refuse(constant: str) -> None:
    """Raise ValueError for NaN and infinities, which JSON does not have."""
    raise ValueError(constant)


def _as_list(value: Value) -> list[Scalar]:
    return value if isinstance(value, list) else [value]
