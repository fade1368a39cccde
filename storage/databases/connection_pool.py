"""Connections that are kept open for whoever needs one next.

SQLAlchemy's own pool makes a new `Connection` around the driver's each time, which takes as long as reading the rows of
an answer.
"""

from collections import deque

import sqlalchemy as sa

#: Connections that are kept when nobody needs them; more are made, and closed again, when many ask at once.
_KEPT = 8


class ConnectionPool:
    """The connections of an engine without a pool, each with one user at a time, in whichever thread."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._idle: deque[sa.Connection] = deque()
        self._kept = _KEPT

    def take(self) -> sa.Connection:
        """Return an open connection that nobody else has, to be given back or closed."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._engine.connect()

    def give_back(self, connection: sa.Connection) -> None:
        """Keep a connection whose transaction has ended."""
        if connection.in_transaction():
            # SQLAlchemy's, which it began by itself at the first statement.
            connection.rollback()
        self._idle.append(connection)
        self._close_but(self._kept)

    def close(self) -> None:
        """Close those that nobody has now, and the others as soon as they are given back."""
        self._kept = 0
        self._close_but(0)

    def _close_but(self, kept: int) -> None:
        while len(self._idle) > kept:
            try:
                self._idle.popleft().close()
            except IndexError:
                # Another thread was faster.
                return
