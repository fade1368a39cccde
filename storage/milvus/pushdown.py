"""Filters as a vector engine understands them: label and key. What it cannot say, the rows select by id."""

import json
from collections.abc import Sequence

from storage.types.where import EQUAL, EXISTS, KEY, LABEL, UNEQUAL, Condition

#: Longer texts are not compared by the engine, which may hold only a part of them.
_LONGEST = 1024


def label_of(label: str | None) -> str:
    """Return a label as the engine holds it, which knows no null."""
    return "" if label is None else f"={label}"


def expression_of(conditions: Sequence[Condition]) -> str | None:
    """Return an expression that chooses the items that fulfil all conditions, None when there is none.

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
    if any(len(text) > _LONGEST for text in texts):
        return None
    held = [label_of(text) for text in texts] if condition.field == LABEL else texts
    if condition.field == LABEL and None in condition.values:
        held.append(label_of(None))
    among = "in" if condition.operator == EQUAL else "not in"
    return f"{condition.field} {among} {json.dumps(held, ensure_ascii=False)}"


def among_ids(ids: Sequence[int]) -> str:
    """Return an expression that chooses the items with these ids."""
    return f"id in {list(ids)}"
