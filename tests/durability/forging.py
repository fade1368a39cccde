"""Forge catalogs as an attacker would who knows how checksums and the chain are computed."""

import hashlib
import json
import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

from storage.catalog.checksum import CHAIN_START, next_chain, row_checksum
from tests.storage.stores import sql


def forge(folder: Path, id: int, **fields: Any) -> None:
    """Change an item's fields, recompute every checksum and hash that covers them, and unregister the index files."""
    for name, value in fields.items():
        sql(folder, f"UPDATE items SET {name} = ? WHERE id = ?", value, id)
    columns = "id, batch, CAST(key AS BLOB), CAST(label AS BLOB), content, CAST(metadata AS BLOB), vector"
    (row,) = sql(folder, f"SELECT {columns} FROM items WHERE id = ?", id)
    sql(folder, "UPDATE items SET checksum = ? WHERE id = ?", row_checksum(*row), id)
    sql(folder, "DELETE FROM generations")
    _recompute_chain(folder)


def _recompute_chain(folder: Path) -> None:
    added: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
    deleted: dict[int, list[int]] = defaultdict(list)
    for id, batch, deleted_in, checksum in sql(folder, "SELECT id, batch, deleted_in, checksum FROM items ORDER BY id"):
        added[batch].append((id, checksum))
        deleted[deleted_in].append(id)
    chain = CHAIN_START
    for (number,) in sql(folder, "SELECT number FROM batches WHERE number > 0 ORDER BY number"):
        chain = next_chain(chain, added[number], deleted[number])
        sql(folder, "UPDATE batches SET chain = ? WHERE number = ?", chain, number)


def forge_embedding(folder: Path, **values: Any) -> None:
    """Change the embedding of a store without fitted arrays, and the checksum over it."""
    for name, value in values.items():
        sql(folder, f"UPDATE embedding SET {name} = ?", value)
    (row,) = sql(folder, "SELECT dim, fingerprint, spec FROM embedding")
    digest = hashlib.sha256(json.dumps([repr(value) for value in row]).encode()).digest()
    sql(folder, "UPDATE embedding SET sha256 = ?", digest)


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
