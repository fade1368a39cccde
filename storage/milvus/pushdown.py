"""Translate filters to Milvus expressions: those on label and key; the others are evaluated on the rows."""

import json
from collections.abc import Sequence

from storage.types.where import EQUAL, EXISTS, KEY, LABEL, UNEQUAL, Condition

#: The longest text, in characters, that a filter compares on the server, which may truncate longer texts.
_MAX_TEXT = 1024


def encoded_label(label: str | None) -> str:
    """Return a label as the collection holds it: Milvus 2.3 has no null, so the empty text stands for it."""
    return "" if label is None else f"={label}"


def filter_expression(conditions: Sequence[Condition]) -> str | None:
    """Return the expression for all conditions, None when one cannot be translated.

    https://milvus.io/docs/boolean.md
    """
    parts = [_expression(condition) for condition in conditions]
    return None if None in parts else " and ".join(part for part in parts if part is not None)


def _expression(condition: Condition) -> str | None:
    if condition.field == LABEL and condition.operator == EXISTS:
        return f'label {"!=" if condition.values[0] else "=="} ""'
    if condition.field not in (KEY, LABEL) or condition.operator not in (EQUAL, UNEQUAL):
        return None
    texts = [str(value) for value in condition.values if value is not None]
    if any(len(text) > _MAX_TEXT for text in texts):
        return None
    values = [encoded_label(text) for text in texts] if condition.field == LABEL else texts
    if condition.field == LABEL and None in condition.values:
        values.append(encoded_label(None))
    operator = "in" if condition.operator == EQUAL else "not in"
    return f"{condition.field} {operator} {json.dumps(values, ensure_ascii=False)}"
