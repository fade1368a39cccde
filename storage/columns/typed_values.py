"""Metadata by typed column, of one row or of many at once."""

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import repeat

from storage.catalog.row import decode_metadata
from storage.columns.schema import FLOAT, INTEGER, NULL, TEXT, TRUTH, UNSIGNED
from storage.types.flat_json import encode_each
from storage.types.items import MAX_DIGITS, Scalar

_SCALARS = {str, int, float, bool, type(None)}

#: The kind and the name of a typed column.
Typed = tuple[str, str]


class TypedValues:
    """The values of rows by typed column, each with the index of its row; `apart` has the indices of other rows.

    Those have values that no type holds, of the fields `apart_fields`; None stands for any field. `fields` are what
    the texts were encoded from, where that is known.
    """

    def __init__(self, texts: Sequence[bytes], fields: Sequence[Mapping[str, Scalar]] | None = None) -> None:
        self.values: dict[Typed, list[Scalar]] = defaultdict(list)
        self.indices: dict[Typed, list[int]] = defaultdict(list)
        self.apart: list[int] = []
        self.apart_fields: set[str | None] = set()
        fields = _decoded_at_once(texts) if fields is None else fields
        if fields is None:
            for index, text in enumerate(texts):
                self._add_row(index, *typed_metadata(text))
            return
        by_names: dict[tuple[str, ...], tuple[list[int], list[Mapping[str, Scalar]]]] = {}
        for index, values in enumerate(fields):
            if values:
                indices, rows = by_names.setdefault(tuple(values), ([], []))
                indices.append(index)
                rows.append(values)
        for names, (indices, rows) in by_names.items():
            for name, column in zip(names, zip(*(row.values() for row in rows), strict=True), strict=True):
                self._add_column(name, column, indices)
        if len(by_names) > 1:
            self._sort()

    def _add_row(self, index: int, typed: Mapping[Typed, Scalar], others: set[str | None]) -> None:
        if others:
            self.apart.append(index)
            self.apart_fields |= others
        for key, value in typed.items():
            self.values[key].append(value)
            self.indices[key].append(index)

    def _add_column(self, name: str, column: Sequence[Scalar], indices: Sequence[int]) -> None:
        """Add the values of a field of some rows; in most columns all have one type."""
        kind = _kind_of_all(name, column)
        if kind is not None:
            self.values[kind, name] += repeat(True, len(column)) if kind == NULL else column
            self.indices[kind, name] += indices
            return
        for index, value in zip(indices, column, strict=True):
            self._add_row(index, *_typed({name: value}))

    def _sort(self) -> None:
        """Put values in the order of the rows: they came by the rows' names."""
        for typed, indices in self.indices.items():
            pairs = sorted(zip(indices, self.values[typed], strict=True), key=lambda pair: pair[0])
            self.indices[typed], self.values[typed] = ([*values] for values in zip(*pairs, strict=True))


def _decoded_at_once(texts: Sequence[bytes]) -> list[dict[str, Scalar]] | None:
    """Return the fields of each text; None unless each text is exactly what its fields are encoded to.

    So none names a field twice, nor holds a number or a text that could not be stored, and `decode_metadata`, which
    takes four times as long, would return the same.
    """
    different = list(dict.fromkeys(texts))
    try:
        fields = json.loads(f"[{b','.join(different).decode()}]")
        types = {type(value) for values in fields for value in values.values()}
        if types <= _SCALARS and max(map(len, different)) <= MAX_DIGITS and encode_each(fields) == different:
            fields_of = dict(zip(different, fields, strict=True))
            return [fields_of[text] for text in texts]
    except (AttributeError, TypeError, ValueError, RecursionError):
        pass
    return None


@lru_cache(maxsize=4096)
def typed_metadata(metadata: bytes) -> tuple[dict[Typed, Scalar], set[str | None]]:
    """Return metadata by typed column, and the names of what no type holds; None for all when it cannot be read.

    Both are cached, since many items share their metadata: change neither.
    """
    try:
        return _typed(decode_metadata(metadata))
    except (ValueError, RecursionError):
        # A filter that needs them will say that they cannot be read.
        return {}, {None}


def _typed(fields: Mapping[str, Scalar]) -> tuple[dict[Typed, Scalar], set[str | None]]:
    typed: dict[Typed, Scalar] = {}
    others: set[str | None] = set()
    for name, value in fields.items():
        kind = _kind(name, value)
        if kind is None:
            others.add(name)
        else:
            typed[kind, name] = True if kind == NULL else value
    return typed, others


def _kind_of_all(name: str, column: Sequence[Scalar]) -> str | None:
    """Return the kind of typed column that holds all values, which can be stored; None if there may be several."""
    types = set(map(type, column))
    if len(types) > 1:
        return None
    samples = (min(column), max(column)) if types == {int} else column[:1]  # type: ignore[type-var]
    kinds = {_kind(name, value) for value in samples}
    return kinds.pop() if len(kinds) == 1 else None


def _kind(name: str, value: object) -> str | None:
    """Return the kind of typed column that holds a value exactly; None if there is none."""
    if isinstance(value, bool):
        kind = TRUTH
    elif isinstance(value, int):
        kind = INTEGER if -(2**63) <= value < 2**63 else UNSIGNED
        if not -(2**63) <= value < 2**64:
            return None
    elif isinstance(value, float) and math.isfinite(value):
        kind = FLOAT
    elif isinstance(value, str) and _is_utf8(value):
        kind = TEXT
    elif value is None:
        kind = NULL
    else:
        return None
    return kind if _is_utf8(name) else None


def _is_utf8(text: str) -> bool:
    """Return whether UTF-8 can encode a text; JSON can escape what it cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
