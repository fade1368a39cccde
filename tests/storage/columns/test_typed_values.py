"""Metadata of many rows by typed column: what each row's metadata is alone."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.columns.typed_values import Typed, TypedValues, typed_metadata
from storage.types.items import Scalar

NAMES = st.sampled_from(["width", "score", "é", "a,b", '"}, {"'])
NUMBERS = st.sampled_from([0, -1, 2**63 - 1, 2**63, -(2**63), 2**64, -(10**30), 0.5, -0.0, 1e300, 2.0**64])
VALUES = NUMBERS | st.booleans() | st.none() | st.sampled_from(["", "x", "é\n", '"}, {"'])

#: What a row may hold that Lookalike did not write, with its checksum right.
FOREIGN = [
    b"",
    b"[]",
    b"null",
    b"{",
    b'{"width":1}',
    b'{"width": 1, "width": 2}',
    b'{"width": NaN}',
    b'{"width": 1e999}',
    b'{"width": 1e2}',
    b'{"width": [1]}',
    b'{"width": {}}',
    b'{"width": "\\ud800"}',
    b'{"\\ud800": 1}',
    b'{"width": "\xff"}',
    b'{"width": %b}' % (b"1" * 641),
    b'{"width": %b}' % (b"[" * 100_000),
    # Together these two would be two objects.
    b'{"width": [1',
    b"2]}, {}",
]


def of_each(texts: list[bytes]) -> tuple[dict[Typed, list[tuple[int, Scalar]]], set[int], set[str | None]]:
    """Return what `TypedValues` has of metadata, one text after the other."""
    values: dict[Typed, list[tuple[int, Scalar]]] = {}
    apart, fields = set(), set()
    for index, text in enumerate(texts):
        typed, others = typed_metadata(text)
        for key, value in typed.items():
            values.setdefault(key, []).append((index, value))
        if others:
            apart.add(index)
            fields |= others
    return values, apart, fields


def at_once(
    texts: list[bytes], fields: list[dict[str, Scalar]] | None = None
) -> tuple[dict[Typed, list[tuple[int, Scalar]]], set[int], set[str | None]]:
    typed = TypedValues(texts, fields)
    values = {key: [*zip(typed.indices[key], typed.values[key], strict=True)] for key in typed.values}
    return values, set(typed.apart), typed.apart_fields


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=3), max_size=8))
def test_values_are_those_of_each_row_in_the_order_of_the_rows(rows: list[dict[str, Scalar]]) -> None:
    texts = [json.dumps(row, sort_keys=True, ensure_ascii=False).encode() for row in rows]
    expected, *expected_apart = of_each(texts)
    for values, *apart in at_once(texts), at_once(texts, rows):
        # Not only equal: 1, 1.0 and true are three values.
        assert sorted(map(repr, values.items())) == sorted(map(repr, expected.items()))
        assert apart == expected_apart


@pytest.mark.parametrize("foreign", FOREIGN, ids=range(len(FOREIGN)))
def test_metadata_that_lookalike_did_not_write_is_read_as_alone(foreign: bytes) -> None:
    texts = [b'{"width": 1}', foreign, b"{}", b'{"width": 2}']
    assert at_once(texts) == of_each(texts)


def test_two_texts_that_would_be_read_as_others_together_cannot_be_read() -> None:
    texts = [*FOREIGN[-2:], b"{}"]
    assert at_once(texts) == of_each(texts) == ({}, {0, 1}, {None})
