"""What filters mean, in plain Python: every way of evaluating them must select what `expected` says.

- A filter is a mapping from fields to values: a value, a list of values of which any will do, or values by operator.
  All its conditions must hold.
- A value is a text, a number, a truth value, or None, which is the same as missing. No value equals one of another
  kind: 1, "1" and True are three values.
- Numbers are compared by their exact values, whether whole or not: 2**53 + 1 is more than 2.0**53, 10**23 is more than
  1e23, and -0.0 equals 0. Texts are compared by their code points.
- `=` holds for any of its values, `!=` for none of them; `<`, `<=`, `>` and `>=` hold for values of the operand's kind
  only; `exists` says whether there is a value.
- `id`, `key` and `label` are the item's own fields; any other name is that of metadata.
- A filter that compares metadata which no item has is refused, and so is one that compares it with values of kinds that
  no item has there, unless None is among them.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from storage import Embedding, Item, NewItem, Store
from storage.catalog.pages import newest_state
from storage.errors import IncomparableField, InvalidQuery, UnknownField
from storage.memory.filter_fields import StoredFields, require_fields
from storage.types.where import conditions_of

OWN_FIELDS = ("id", "key", "label")
ORDERS = ("<", "<=", ">", ">=")
OPERATORS = ("=", "!=", *ORDERS, "exists")


def expected(where: Mapping[str, Any], items: Sequence[Item]) -> list[int] | type[Exception]:
    """Return the ids that a filter selects, in the order of the items, or the error that refuses it."""
    conditions = [
        (field, operator, operand)
        for field, operands in where.items()
        for operator, operand in (operands if isinstance(operands, Mapping) else {"=": operands}).items()
    ]
    for field, operator, operand in conditions:
        if items and field not in OWN_FIELDS and operator != "exists":
            if not any(field in item.metadata for item in items):
                return UnknownField
            operands = operand if isinstance(operand, list) else [operand]
            kinds = {_kind(item.metadata.get(field)) for item in items} - {None}
            if None not in operands and operands and kinds and kinds.isdisjoint(map(_kind, operands)):
                return IncomparableField
    return [item.id for item in items if all(_holds(_value(item, field), *rest) for field, *rest in conditions)]


def _value(item: Item, field: str) -> Any:
    return getattr(item, field) if field in OWN_FIELDS else item.metadata.get(field)


def _kind(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "truth value"
    return "text" if isinstance(value, str) else "number"


@lru_cache(maxsize=None, typed=True)
def _comparable(value: Any) -> tuple[str | None, Any]:
    """Return a value's kind and something that compares as it: an exact fraction, or a text's code points."""
    kind = _kind(value)
    if kind == "number":
        return kind, Fraction(value)
    return kind, list(map(ord, value)) if kind == "text" else value


def _holds(value: Any, operator: str, operand: Any) -> bool:
    if operator == "exists":
        return (value is not None) is operand
    if operator in ORDERS:
        (kind, left), (other, right) = _comparable(value), _comparable(operand)
        if kind != other:
            return False
        before, equal = left < right, left == right
        outcomes: dict[str, bool] = {
            "<": before,
            "<=": before or equal,
            ">": not before and not equal,
            ">=": not before,
        }
        return outcomes[operator]
    operands = operand if isinstance(operand, list) else [operand]
    return (_comparable(value) in map(_comparable, operands)) is (operator == "=")


_WHOLE = [
    0,
    1,
    2,
    7,
    640,
    2**31,
    2**53 - 1,
    2**53,
    2**53 + 1,
    2**53 + 2,
    2**62,
    2**63 - 1025,
    2**63 - 1,
    2**63,
    2**63 + 1,
]
_WHOLE += [2**64 - 1, 2**64, 2**64 + 1, 2**70, 2**70 + 1, 10**22, 10**23, 10**23 + 1, int(1e23), 10**308, 10**309]
_WHOLE += [int(1.7976931348623157e308), int(1.7976931348623157e308) + 1, 2**1024, 10**400, 10**400 + 1, 10**640 - 1]
#: Hashes of pictures: 64 bits, of which the first is set.
_HASHES = [0xF123456789ABCDEF, 0xF123456789ABCDEE, 0xF123456789ABCD00]
_FRACTIONS = [0.0, 5e-324, 1e-323, 2.2250738585072009e-308, 2.2250738585072014e-308, 1e-290, 0.1, 0.5, 1 / 3, 1.0, 7.5]
_FRACTIONS += [640.0, 123456789.123456789, 2.0**53, 2.0**53 + 2, 2.0**63, 2.0**64, 2.0**70, 1e22, 1e23, 1e300, 1e308]
_FRACTIONS += [1.7976931348623157e308]

INTEGERS = sorted({*_HASHES, *_WHOLE, *(-number for number in _WHOLE)})
FLOATS = [
    *_FRACTIONS,
    *(-number for number in _FRACTIONS),
    *(math.nextafter(number, 0) for number in _FRACTIONS if number),
]
TEXTS = [
    "",
    "0",
    "1",
    "-1",
    "640",
    "0.5",
    "1e400",
    "true",
    "True",
    "null",
    "None",
    "NaN",
    "a",
    "A",
    "a ",
    " a",
    "ab",
    "b",
]
TEXTS += [
    "é",
    "e\u0301",
    "É",
    "\uffff",
    "\ue000",
    "\U0001f600",
    "a\x01b",
    "\x7f",
    "\n",
    'a"b',
    "a'b",
    "a\\b",
    "\\u0000",
]
TEXTS += ["%", "_", "' OR 1=1 --", "{}", "[1]", "\u2028"]
VALUES: list[Any] = [*INTEGERS, *FLOATS, *TEXTS, True, False, None]

#: Names of metadata, of which some need quotes anywhere, and the kinds of the values that items have there.
FIELDS: dict[str, list[Any]] = {
    "any": VALUES,
    "number": [*INTEGERS, *FLOATS],
    "text": TEXTS,
    "truth": [True, False],
    "count": [0, 1, 2, 3],
    'odd "name"': [1, "1", True],
    "a.b": [1, 2],
    "$.c": ["x", "y"],
    "": [0.5, "0.5"],
    "a=b": [7, 7.5],
    " é\\u0000": ["x", None],
    "nothing": [None],
}


@dataclass(frozen=True)
class OracleStore:
    """Items to be stored in one batch, and the same once they are stored."""

    new: list[NewItem]
    stored: list[Item]


def oracle_items(generator: random.Random, count: int = 100) -> OracleStore:
    """Return items that have every value in the field `any`, and others besides, with random values in all fields."""
    every: list[dict[str, Any]] = [{"any": value, "number": generator.choice(FLOATS)} for value in VALUES]
    mixed = [
        {name: generator.choice(values) for name, values in FIELDS.items() if generator.random() < 0.5}
        for _ in range(count)
    ]
    new, stored = [], []
    for id, metadata in enumerate([*every, *mixed, {}]):
        key, label = f"{generator.choice(TEXTS)}{id}", generator.choice([None, *TEXTS])
        new.append(NewItem(key, b"", label, metadata))
        stored.append(Item(id, key, label, metadata, b""))
    return OracleStore(new, stored)


def oracle_items_with_nul(generator: random.Random) -> OracleStore:
    """Return items as earlier versions stored them: with NUL characters, or metadata named like an own field."""
    contents = oracle_items(generator, 30)
    odd: list[dict[str, Any]] = [
        {"text": "a\0b", "any": 2**64 - 1},
        {"text": "\0", "any": "a\0", "truth": True},
        {"text\0": "a", "\0": 1, "any": None},
        {"text": "\\\0\0 \\u0000", "number": 10**23},
        {"id": 7, "key": "a", "label": None, "any": "id"},
    ]
    first = len(contents.new)
    new = [NewItem(f"odd {number}", b"", None, metadata) for number, metadata in enumerate(odd)]
    stored = [Item(first + number, item.key, None, item.metadata, b"") for number, item in enumerate(new)]
    return OracleStore(contents.new + new, contents.stored + stored)


def filled_store(location: str | Path, contents: OracleStore) -> Store:
    """Create a store of these items, all at the same point."""
    store = Store.create(location, Embedding(1, "f" * 64))
    store.append(contents.new, np.zeros((len(contents.new), 1), np.float32))
    return store


def described_difference(store: Store, where: Mapping[str, Any], items: Sequence[Item]) -> str | None:
    """Return what a store's database selects instead of what the oracle says, None where it is the same."""
    right, actual = expected(where, items), _selected(store, where)
    if actual == right:
        return None
    if isinstance(actual, type) or isinstance(right, type):
        return f"{where}: expected {right}, got {actual}"
    wrong = {id: items[id].metadata for id in set(actual) ^ set(right)}
    return f"{where}: {wrong}, of which expected {set(wrong) & set(right) or 'none'}"


def _selected(store: Store, where: Mapping[str, Any]) -> list[int] | type[Exception]:
    """Return what SQL selects, by which stores with a vector server filter; others filter columns."""
    conditions, state = conditions_of(where), newest_state(store._database.reading)
    try:
        require_fields(StoredFields(state), state.batch.live, conditions)
    except InvalidQuery as error:
        return type(error)
    pages = state.pages(lambda catalog, page: catalog.items.ids_matching(page, conditions))
    return [id for ids in pages for id in ids]


def random_filter(generator: random.Random, items: Sequence[Item]) -> dict[str, Any]:
    """Return a filter that the language allows, of one condition or several, with operands near what items have."""
    fields = generator.sample([*FIELDS, *OWN_FIELDS, "no item has it"], generator.choice([1, 1, 1, 2, 3]))
    return {field: _random_operands(generator, field, items) for field in fields}


def _random_operands(generator: random.Random, field: str, items: Sequence[Item]) -> Any:
    operators = generator.sample(OPERATORS, generator.choice([1, 1, 1, 2]))
    operands = {operator: _random_operand(generator, field, operator, items) for operator in operators}
    return operands["="] if list(operands) == ["="] and generator.random() < 0.5 else operands


def _random_operand(generator: random.Random, field: str, operator: str, items: Sequence[Item]) -> Any:
    if operator == "exists":
        return generator.random() < 0.5
    values = _operands_of(field, items)
    if operator in ORDERS:
        values = [value for value in values if not isinstance(value, bool | None)] or [0, "a"]
    elif generator.random() < 0.4:
        return [_near(generator, generator.choice(values), field) for _ in range(generator.choice([0, 1, 2, 3, 9]))]
    return _near(generator, generator.choice(values), field)


def _operands_of(field: str, items: Sequence[Item]) -> list[Any]:
    if field == "id":
        return [item.id for item in items] + INTEGERS
    if field == "key":
        return [item.key for item in items] + TEXTS
    if field == "label":
        return [None, *TEXTS]
    own = FIELDS.get(field, VALUES)
    return own * max(1, 5 * len(VALUES) // len(own)) + VALUES


def _near(generator: random.Random, value: Any, field: str) -> Any:
    """Return a value, or sometimes one that is hard to tell from it."""
    if isinstance(value, bool | None) or generator.random() < 0.7:
        return value
    if isinstance(value, str):
        return (
            value[:-1] if value and generator.random() < 0.5 else value + generator.choice(["a", "\x01", "\U0001f600"])
        )
    if isinstance(value, float):
        number = generator.choice(
            [math.nextafter(value, math.inf), math.nextafter(value, -math.inf), int(value), -value]
        )
        return number if math.isfinite(number) else value
    if field != "id" and abs(value) < 2**1023 and generator.random() < 0.5:
        return float(value)
    number = value + generator.choice([-1, 1])
    return number if abs(number) < 10**640 else value
