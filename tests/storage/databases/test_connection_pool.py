"""Connections that wait for whoever needs one: kept, few of them, and none open after the file was closed."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from storage.databases.connection_pool import ConnectionPool


class Counted:
    """Connections to a database in memory, and how many of them are open."""

    def __init__(self) -> None:
        self.open = 0
        engine = sa.create_engine("sqlite+pysqlite://", poolclass=NullPool)
        sa.event.listen(engine, "connect", lambda *_: self._count(1))
        sa.event.listen(engine, "close", lambda *_: self._count(-1))
        self.idle = ConnectionPool(engine)

    def _count(self, by: int) -> None:
        self.open += by


@pytest.fixture
def counted() -> Iterator[Counted]:
    counted = Counted()
    yield counted
    counted.idle.close()
    assert counted.open == 0


def test_a_connection_that_was_given_back_is_taken_again(counted: Counted) -> None:
    first, second = counted.idle.take(), counted.idle.take()
    assert first is not second
    counted.idle.give_back(first)
    assert counted.idle.take() is first
    assert counted.open == 2
    for connection in (first, second):
        counted.idle.give_back(connection)


def test_no_more_are_kept_than_a_few(counted: Counted) -> None:
    taken = [counted.idle.take() for _ in range(20)]
    assert counted.open == 20
    for connection in taken:
        counted.idle.give_back(connection)
    assert counted.open == 8


def test_one_that_is_given_back_after_all_were_closed_is_closed_too(counted: Counted) -> None:
    taken = counted.idle.take()
    counted.idle.close()
    assert counted.open == 1
    counted.idle.give_back(taken)
    assert counted.open == 0


def test_what_a_user_left_of_a_transaction_is_not_seen_by_the_next(counted: Counted) -> None:
    connection = counted.idle.take()
    connection.execute(sa.text("SELECT 1"))
    counted.idle.give_back(connection)
    assert not counted.idle.take().in_transaction()
    connection.close()
