"""A pool of open SQLAlchemy connections.

SQLAlchemy's own pool holds the driver's connections and makes a new `Connection` at each checkout, which takes as long
as reading the rows of a query's hits.
"""

from collections import deque

import sqlalchemy as sa

from storage import after_fork

#: The most idle connections that stay open; more are opened when many are in use at once.
_MAX_IDLE = 8

#: Connections that this process inherited in a fork. They are never closed here: SQLite's mutexes may be locked by
#: threads that only the other process has. https://sqlite.org/howtocorrupt.html#_carrying_an_open_database_across_a_fork_
_OF_PARENT: list[deque[sa.Connection]] = []


class ConnectionPool:
    """The connections of an engine that has no pool itself (`NullPool`); thread-safe."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._idle: deque[sa.Connection] = deque()
        self._max_idle = _MAX_IDLE
        after_fork.register(self)

    @property
    def closed(self) -> bool:
        """Return whether `close` was called."""
        return self._max_idle == 0

    def leave_to_parent(self) -> None:
        """Leave the idle connections to the process that this one was forked from."""
        _OF_PARENT.append(self._idle)
        self._idle = deque()

    def acquire(self) -> sa.Connection:
        """Return an open connection for exclusive use; release or close it afterwards."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._engine.connect()

    def release(self, connection: sa.Connection) -> None:
        """Return a connection to the pool after its transaction has ended."""
        if connection.in_transaction():
            # The transaction that SQLAlchemy begins by itself at the first statement.
            connection.rollback()
        self._idle.append(connection)
        self._close_idle(self._max_idle)

    def close(self) -> None:
        """Close the idle connections now, and those in use when they are released."""
        self._max_idle = 0
        self._close_idle(0)

    def _close_idle(self, most: int) -> None:
        """Close idle connections, the oldest first, until at most `most` are idle."""
        while len(self._idle) > most:
            try:
                self._idle.popleft().close()
            except IndexError:
                # Another thread has closed it.
                return
