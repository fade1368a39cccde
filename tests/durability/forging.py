"""Forge catalogs as an attacker would who knows how checksums and the chain are computed."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ingest.embedding.recipes import Recipe
from ingest.embedding.stored_embedding import HEAD, fingerprint_of
from storage.catalog.checksum import CHAIN_START, next_chain, row_checksum, source_checksum, thumbnail_checksum
from storage.catalog.embedding_rows import digest_of
from tests.storage.stores import sql

#: The columns of items that hold text, whose bytes may be no UTF-8.
TEXTS = ("key", "label", "metadata")


@contextmanager
def _connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        yield connection


@contextmanager
def unconstrained(folder: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection to a catalog in which any column may be NULL; its definitions are as before afterwards."""
    path = folder / "catalog.sqlite"
    with _connection(path) as schema:
        tables = schema.execute("SELECT sql, name FROM sqlite_schema WHERE sql LIKE '% NOT NULL%'").fetchall()
        schema.execute("PRAGMA writable_schema = ON")
        schema.executemany(
            "UPDATE sqlite_schema SET sql = ? WHERE name = ?",
            [(definition.replace(" NOT NULL", ""), name) for definition, name in tables],
        )
    with _connection(path) as connection:
        connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")
    with _connection(path) as schema:
        schema.execute("PRAGMA writable_schema = ON")
        schema.executemany("UPDATE sqlite_schema SET sql = ? WHERE name = ?", tables)


def alter(folder: Path, statement: str, *values: Any) -> None:
    """Change a catalog, whatever its definitions allow, and make every checksum and hash right again."""
    with unconstrained(folder) as connection:
        connection.execute(statement, values)
    seal(folder)


def seal(folder: Path, *, batches: bool = True) -> None:
    """Recompute every checksum and hash, where the values have types that can be hashed.

    That is: of the rows of items, thumbnails and sources, the records of batches unless those are forged themselves, of
    index files, and of the embedding with its fingerprint.
    """
    with unconstrained(folder) as connection:
        _seal_items(connection)
        for item, png in connection.execute("SELECT item, png FROM thumbnails").fetchall():
            if isinstance(png, bytes):
                connection.execute(
                    "UPDATE thumbnails SET checksum = ? WHERE item = ?", (thumbnail_checksum(item, png), item)
                )
        names = "SELECT item, CAST(CAST(name AS TEXT) AS BLOB) FROM item_sources JOIN sources ON number = source"
        for item, name in connection.execute(names).fetchall():
            if name is not None:
                checksum = source_checksum(item, name.decode("utf-8", "surrogateescape"))
                connection.execute("UPDATE item_sources SET checksum = ? WHERE item = ?", (checksum, item))
        if batches:
            _seal_batches(connection)
        connection.execute(
            "UPDATE generations SET chain = coalesce((SELECT chain FROM batches WHERE number = batch), chain)"
        )
        _seal_embedding(connection)


def _seal_items(connection: sqlite3.Connection) -> None:
    columns = "id, batch, CAST(key AS BLOB), CAST(label AS BLOB), content, CAST(metadata AS BLOB), vector"
    for row in connection.execute(f"SELECT {columns} FROM items").fetchall():
        # A compacted row keeps the checksum that it had.
        if isinstance(row[0], int) and isinstance(row[1], int) and row[6] and None not in row[2:3]:
            try:
                checksum = row_checksum(*row)
            except TypeError:
                continue
            connection.execute("UPDATE items SET checksum = ? WHERE id = ?", (checksum, row[0]))


def _seal_batches(connection: sqlite3.Connection) -> None:
    added: dict[Any, list[tuple[int, bytes]]] = defaultdict(list)
    deleted: dict[Any, list[int]] = defaultdict(list)
    rows = connection.execute("SELECT id, batch, deleted_in, checksum FROM items ORDER BY id")
    for id, batch, deleted_in, checksum in rows:
        added[batch].append((id, checksum))
        if deleted_in is not None:
            deleted[deleted_in].append(id)
    chain, live, next_id = CHAIN_START, 0, 0
    for (number,) in connection.execute("SELECT number FROM batches WHERE number > 0 ORDER BY number").fetchall():
        chain = next_chain(chain, added[number], deleted[number])
        live, next_id = live + len(added[number]) - len(deleted[number]), next_id + len(added[number])
        record = (chain, live, next_id, number)
        connection.execute("UPDATE batches SET chain = ?, live = ?, next_id = ? WHERE number = ?", record)


def _seal_embedding(connection: sqlite3.Connection) -> None:
    arrays = connection.execute("SELECT name, shape, data FROM arrays ORDER BY name").fetchall()
    for id, dim, fingerprint, text in connection.execute("SELECT id, dim, fingerprint, spec FROM embedding").fetchall():
        new = _fingerprint(text, arrays) or fingerprint
        connection.execute(
            "UPDATE embedding SET fingerprint = ?, sha256 = ?", (new, digest_of(dim, new, text, arrays, id - 1))
        )


def _fingerprint(text: str, arrays: Sequence[tuple[Any, ...]]) -> str | None:
    """Return the fingerprint of a description and arrays; None if they have none."""
    try:
        spec = json.loads(text)
        head = {
            name.removeprefix(HEAD): np.frombuffer(data, "<f4").reshape(json.loads(shape))
            for name, shape, data in arrays
            if name.startswith(HEAD)
        }
        return fingerprint_of(Recipe.from_json(spec["recipe"]), spec["weights"]["digest"], spec["decoder"], head)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return None


def forge(folder: Path, id: int, **fields: Any) -> None:
    """Change an item's fields, make every checksum right, and unregister the index files.

    The bytes of a text field are stored as a text, which may be no UTF-8.
    """
    for name, value in fields.items():
        stored = "CAST(? AS TEXT)" if name in TEXTS and value is not None else "?"
        sql(folder, f"UPDATE items SET {name} = {stored} WHERE id = ?", value, id)
    sql(folder, "DELETE FROM generations")
    seal(folder)


def forge_embedding(folder: Path, **values: Any) -> None:
    """Change the embedding, and the checksum over it."""
    for name, value in values.items():
        sql(folder, f"UPDATE embedding SET {name} = ?", value)
    seal(folder)


def redefine(folder: Path, name: str, old: str, new: str) -> None:
    """Change the SQL that defines a table or index in the schema, and nothing else."""
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        changed = connection.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = ? AND instr(sql, ?)", (old, new, name, old)
        )
        if changed.rowcount != 1:
            raise AssertionError(f"no {old!r} in the definition of {name}")
        connection.commit()
