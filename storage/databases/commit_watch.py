"""Tell whether anyone has committed to a SQLite file since, for less than a transaction takes.

`PRAGMA data_version` of one connection changes with each commit of any other, in this process or another; it misses the
connection's own commits, and nothing says when another file takes the place of the file that is open. So the connection
never writes, and the file is compared too. https://sqlite.org/pragma.html#pragma_data_version
"""

import itertools
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from storage import after_fork
from storage.databases.lock_wait import ATTEMPT_MS, is_busy

#: Connections that this process inherited in a fork, never closed here, as those of a `ConnectionPool`.
_OF_PARENT: list[sqlite3.Connection | None] = []


class CommitWatch:
    """A connection that only watches a file; thread-safe. `connect` opens one."""

    def __init__(self, path: Path, connect: Callable[[Path], sqlite3.Connection]) -> None:
        self._path = path
        self._connect = connect
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._closed = False
        self._file: tuple[int, int] | None = None
        #: Counts connections: the versions of two cannot be compared.
        self._numbers = itertools.count()
        self._number = 0
        after_fork.register(self)

    def leave_to_parent(self) -> None:
        """Leave the connection to the process that this one was forked from."""
        _OF_PARENT.append(self._connection)
        self._lock, self._connection = threading.RLock(), None

    def version(self) -> tuple[int, int]:
        """Return a number of the file, another one once another file took its place, and one that each commit changes.

        Raise OSError or sqlite3.Error.
        """
        with self._lock:
            if self._closed:
                raise sqlite3.ProgrammingError(f"{self._path} was closed")
            connection = self._connection
            if connection is None or self._file != self._current_file():
                connection = self._reconnected()
            return self._number, _data_version(connection)

    def version_at_once(self) -> tuple[int, int] | None:
        """Return `version`, None where another thread, another connection's lock or another file is in the way.

        Raise OSError or sqlite3.Error.
        """
        if not self._lock.acquire(blocking=False):
            return None
        try:
            connection = self._connection
            if connection is None or self._file != self._current_file():
                return None
            connection.execute("PRAGMA busy_timeout = 0").close()
            try:
                return self._number, _data_version(connection)
            except sqlite3.OperationalError as error:
                if is_busy(error):
                    return None
                raise
            finally:
                connection.execute(f"PRAGMA busy_timeout = {ATTEMPT_MS}").close()
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close the connection for good."""
        with self._lock:
            self._closed = True
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _reconnected(self) -> sqlite3.Connection:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        # Before the file is opened: if it is replaced in between, the next comparison will tell.
        file = self._current_file()
        self._connection, self._file, self._number = self._connect(self._path), file, next(self._numbers)
        return self._connection

    def _current_file(self) -> tuple[int, int]:
        status = self._path.stat()
        return status.st_dev, status.st_ino


def _data_version(connection: sqlite3.Connection) -> int:
    ((version,),) = connection.execute("PRAGMA data_version").fetchall()
    return int(version)
