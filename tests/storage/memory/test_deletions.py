"""Answers from memory while others write: the catalog is asked only when something was written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage import Store
from storage.databases.sqlite_file import SqliteFile
from storage.types.jobs import Job, JobUpdate
from tests.storage.stores import hit, line_store, line_vector, new_item

FIRST_TWO = [[hit(1, 0, 0.0), hit(2, 1, 1.0)]]


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> list[SqliteFile]:
    """Return the databases in which a read transaction begins, from now on."""
    begun: list[SqliteFile] = []
    reading: Callable[..., Any] = SqliteFile.reading

    def counted(database: SqliteFile) -> Any:
        begun.append(database)
        return reading(database)

    monkeypatch.setattr(SqliteFile, "reading", counted)
    return begun


def test_no_transaction_is_begun_while_nothing_is_written(tmp_path: Path, transactions: list[SqliteFile]) -> None:
    with Store.open(line_store(tmp_path, published=True)) as store:
        assert store.nearest(line_vector(0), 2) == FIRST_TWO
        assert store.nearest(line_vector(0), 2, where={"number": {"<": 9}}) == FIRST_TWO
        transactions.clear()
        for where in (None, {"number": {"<": 9}}):
            assert store.nearest(line_vector(0), 2, where=where) == FIRST_TWO
            assert store.within(line_vector(0), 1.0, where=where) == FIRST_TWO
            assert store.nearest([line_vector(0)] * 3, 2, where=where) == FIRST_TWO * 3
        assert transactions == []


def test_what_is_no_batch_is_looked_at_once(tmp_path: Path, transactions: list[SqliteFile]) -> None:
    folder = line_store(tmp_path, published=True)
    with Store.open(folder) as store, Store.open(folder, writing=True) as writer:
        assert store.nearest(line_vector(0), 2) == FIRST_TWO
        writer.write_jobs([JobUpdate(Job(1, "folder:pictures", 1))])
        transactions.clear()
        for _ in range(3):
            assert store.nearest(line_vector(0), 2) == FIRST_TWO
        assert len(transactions) == 1


@pytest.mark.parametrize("where", [None, {"number": {"<": 9}}])
def test_a_hit_that_was_deleted_since_is_in_no_answer_and_what_was_added_is_found_then(
    tmp_path: Path, where: dict[str, Any] | None
) -> None:
    folder = line_store(tmp_path, published=True)
    with Store.open(folder) as store, Store.open(folder, writing=True) as writer:
        assert store.nearest(line_vector(0), 2, where=where) == FIRST_TWO
        writer.append([new_item(9)], [[0.5, 0.0]])
        # The snapshot is the one that was loaded, as long as its hits are live.
        assert store.nearest(line_vector(0), 2, where=where) == FIRST_TWO
        writer.delete(ids=[1])
        expected = [hit(1, 0, 0.0), hit(2, 2, 3.0)] if where else [hit(1, 0, 0.0), hit(2, 9, 0.5, id=5)]
        assert store.nearest(line_vector(0), 2, where=where) == [expected]


def test_a_catalog_that_was_put_back_is_answered_from(tmp_path: Path) -> None:
    folder = line_store(tmp_path, published=True)
    with Store.open(folder) as store:
        older = (folder / "catalog.sqlite").read_bytes()
        with Store.open(folder, writing=True) as writer:
            writer.append([new_item(9)], [[0.5, 0.0]])
        assert store.nearest(line_vector(0), 2) == [[hit(1, 0, 0.0), hit(2, 9, 0.5, id=5)]]
        (tmp_path / "older").write_bytes(older)
        (tmp_path / "older").replace(folder / "catalog.sqlite")
        assert store.nearest(line_vector(0), 2) == FIRST_TWO
