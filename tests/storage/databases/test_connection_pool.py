"""The connection pool: connections are used again, few stay idle, and none is open after the pool was closed."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from storage.databases.connection_pool import ConnectionPool


class CountedPool:
    """A pool of connections to a database in memory, and how many of them are open."""

    def __init__(self) -> None:
        self.open = 0
        engine = sa.create_engine("sqlite+pysqlite://", poolclass=NullPool)
        sa.event.listen(engine, "connect", lambda *_: self._count(1))
        sa.event.listen(engine, "close", lambda *_: self._count(-1))
        self.pool = ConnectionPool(engine)

    def _count(self, by: int) -> None:
        self.open += by


@pytest.fixture
def counted() -> Iterator[CountedPool]:
    counted = CountedPool()
    yield counted
    counted.pool.close()
    assert counted.open == 0


def test_a_released_connection_is_used_again(counted: CountedPool) -> None:
    first, second = counted.pool.acquire(), counted.pool.acquire()
    assert first is not second
    counted.pool.release(first)
    assert counted.pool.acquire() is first
    assert counted.open == 2
    for connection in (first, second):
        counted.pool.release(connection)


def test_at_most_eight_idle_connections_stay_open(counted: CountedPool) -> None:
    connections = [counted.pool.acquire() for _ in range(20)]
    assert counted.open == 20
    for connection in connections:
        counted.pool.release(connection)
    assert counted.open == 8


def test_a_connection_released_after_the_pool_was_closed_is_closed_too(counted: CountedPool) -> None:
    connection = counted.pool.acquire()
    counted.pool.close()
    assert counted.open == 1
    counted.pool.release(connection)
    assert counted.open == 0


def test_a_transaction_left_open_is_ended_before_the_next_use(counted: CountedPool) -> None:
    connection = counted.pool.acquire()
    connection.execute(sa.text("SELECT 1"))
    counted.pool.release(connection)
    assert not counted.pool.acquire().in_transaction()
    connection.close()
