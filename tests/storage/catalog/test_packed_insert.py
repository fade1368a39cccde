"""Rows inserted by few statements are those that are inserted one by one."""

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.catalog.packed_insert import insert_packed

NAMES = ["a", "b", "key"]

INTEGERS = st.sampled_from([0, 1, -1, 2**63 - 1, -(2**63)])
FLOATS = st.sampled_from([0.0, -0.0, 1.0, 0.1, 1e308, float("inf")])
TEXTS = st.sampled_from(["", "1", "a", "a\0b", "\0", "é", "😀", "x" * 300])
BYTES = st.sampled_from([b"", b"\0", b"a", b"\xff\xfe", b"1234", bytes(70_000)])
#: Columns of one type have ways of their own, and of one value.
VALUES = [INTEGERS, FLOATS, TEXTS, BYTES, st.none(), st.booleans(), st.binary(min_size=16, max_size=16)]
COLUMNS = st.sampled_from([*VALUES, st.one_of(*VALUES), *(values | st.none() for values in VALUES)])


@contextmanager
def table() -> Iterator[sqlite3.Connection]:
    """Yield a connection to a table of columns without types, which keep values as they are."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute('CREATE TABLE rows (a, b, "key")')
        yield connection


def stored(connection: sqlite3.Connection) -> list[Any]:
    """Return what is stored: the types that SQLite sees, and the bytes of floats and texts."""
    select = 'SELECT typeof(a), a, typeof(b), b, typeof("key"), "key", hex(a), hex(b), hex("key") FROM rows'
    return [
        tuple(struct.pack("<d", value) if isinstance(value, float) else value for value in row)
        for row in connection.execute(f"{select} ORDER BY rowid")
    ]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), count=st.sampled_from([0, 1, 127, 128, 129, 300]))
def test_every_value_is_stored_as_if_it_were_inserted_alone(data: st.DataObject, count: int) -> None:
    few = [data.draw(st.lists(data.draw(COLUMNS), min_size=1, max_size=4)) for _ in NAMES]
    rows = [tuple(values[index % len(values)] for values in few) for index in range(count)]
    with table() as packed, table() as alone:
        insert_packed(packed, "rows", NAMES, rows)
        alone.executemany('INSERT INTO rows (a, b, "key") VALUES (?, ?, ?)', rows)
        assert stored(packed) == stored(alone)
        assert len(stored(packed)) == count


@pytest.mark.parametrize("count", [1, 128])
def test_what_sqlite_cannot_hold_is_refused_as_if_it_were_alone(count: int) -> None:
    for value, error in (("\ud800", UnicodeEncodeError), (2**63, OverflowError)):
        with table() as connection, pytest.raises(error):
            insert_packed(connection, "rows", NAMES, [(index, value, None) for index in range(count)])


def test_a_row_that_breaks_a_rule_is_refused_in_any_group() -> None:
    rows = [(index, b"same", "x") for index in range(200)]
    for repeated in (3, 150):
        with table() as connection:
            connection.execute("CREATE UNIQUE INDEX unique_key ON rows (a)")
            with pytest.raises(sqlite3.IntegrityError, match=r"UNIQUE constraint failed: rows\.a"):
                insert_packed(connection, "rows", NAMES, [*rows, rows[repeated]])
