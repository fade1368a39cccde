"""Insert many rows into SQLite by few statements, with few parameters: binding them takes longer than their write.

A statement has the rows of a group. What all of them share is bound once, and so are bytes of one size, joined, of
which each row takes its part; other values are bound as they are. So every value is stored as if it were bound alone.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, count
from typing import Any

#: The rows of a statement.
_GROUP = 128

#: The largest bytes that are joined.
_LARGEST_JOINED = 2**16

#: How the values of a column are bound: one for all rows, each by itself, or joined, by their size.
_SHARED, _OWN = 0, -1


def insert_packed(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows with the values of these columns, whose names are plain."""
    end = len(rows) - len(rows) % _GROUP
    for start in range(0, end, _GROUP):
        values = list(zip(*rows[start : start + _GROUP], strict=True))
        bindings = tuple(map(_binding, values))
        statement = _statement(table, tuple(columns), bindings)
        connection.execute(statement, list(_parameters(values, bindings))).close()
    if end < len(rows):
        names, places = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
        insert = f'INSERT INTO "{table}" ({names}) VALUES ({places})'  # noqa: S608 -- the schema's names
        connection.executemany(insert, rows[end:]).close()


def _binding(values: Sequence[Any]) -> int:
    """Return how a column's values are bound."""
    types = {*map(type, values)}
    if len(types) > 1 or types == {float}:
        # Equal values may be different ones: 1 and 1.0, 0.0 and -0.0.
        return _OWN
    if types == {bytes}:
        sizes = {*map(len, values)}
        size: int = sizes.pop()
        # SQLite has no part of no bytes; a size of 0 says that one value stands for all.
        return size if not sizes and size <= _LARGEST_JOINED else _OWN
    return _SHARED if values[0] == values[-1] and len({*values}) == 1 else _OWN


def _parameters(values: Sequence[Sequence[Any]], bindings: Sequence[int]) -> Iterator[Any]:
    """Yield those of all rows, in the order of the columns, then each row's own."""
    for column, binding in zip(values, bindings, strict=True):
        if binding != _OWN:
            yield b"".join(column) if binding else column[0]
    own = (column for column, binding in zip(values, bindings, strict=True) if binding == _OWN)
    yield from chain.from_iterable(zip(*own, strict=True))


@lru_cache(maxsize=64)
def _statement(table: str, columns: tuple[str, ...], bindings: tuple[int, ...]) -> str:
    """Return the statement that joins a row of what is bound once to the rows of a group, which are numbered from 0."""
    # VALUES names its columns column1, column2 and so on; the first is the number.
    own_columns = count(2)
    values, bound_once = [], ["1"]
    for position, binding in enumerate(bindings):
        if binding == _OWN:
            values.append(f"own.column{next(own_columns)}")
            continue
        bound_once.append(f"? AS bound{position}")
        part = f"substr(once.bound{position}, {binding} * own.column1 + 1, {binding})"
        values.append(part if binding else f"once.bound{position}")
    places = ", ?" * (len(bindings) - len(bound_once) + 1)
    own = ", ".join(f"({row}{places})" for row in range(_GROUP))
    names = ", ".join(f'"{name}"' for name in columns)
    return (
        f'INSERT INTO "{table}" ({names}) SELECT {", ".join(values)} '  # noqa: S608 -- the schema's names
        f"FROM (SELECT {', '.join(bound_once)}) AS once CROSS JOIN (VALUES {own}) AS own"
    )
