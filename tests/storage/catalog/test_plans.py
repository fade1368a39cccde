"""The statements of a search use an index: nothing but its time would show that SQLite scans a table instead."""

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from storage.catalog import item_rows, thumbnail_rows
from tests.storage.stores import line_store

STATEMENTS = {
    "rows by id": item_rows._LIVE_BY_ID,
    "rows by key": item_rows._LIVE_BY_KEY,
    "deleting": item_rows._DELETE,
    "thumbnails": thumbnail_rows._LIVE_BY_ITEM,
}


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_rows_are_looked_up_by_an_index(statement: sa.ClauseElement, tmp_path: Path) -> None:
    store = line_store(tmp_path)
    text = str(statement.compile(dialect=sqlite.dialect()))
    connection = sqlite3.connect(store / "catalog.sqlite")
    plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", ("[1]",) * text.count("?")).fetchall()
    connection.close()
    steps = [step for *_, step in plan if "json_each" not in step and "SUBQUERY" not in step]
    assert steps
    assert [step for step in steps if not step.startswith("SEARCH ")] == []
