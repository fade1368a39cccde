"""A switch that kills its own process at the n-th moment of its writing, without a hook in the product's code.

A moment is just before and just after each call that changes a file or a name, the middle of each write, and just
before each SQL statement that changes the database file.
"""

import fcntl
import os
import signal
import sqlite3
from collections.abc import Callable
from typing import Any

from storage.databases.sqlite_file import SqliteFile
from storage.files import durable

#: The calls of Python's that `storage` changes files and names with, `pathlib` included.
CALLS = ("fsync", "replace", "link", "unlink", "mkdir", "open", "ftruncate", "pwrite")

#: The SQL statements that change the file; what others do waits in memory for these.
STATEMENTS = ("COMMIT", "VACUUM")


class Switch:
    """Counts the moments of this process and kills it at number `at`, from 0; never for None."""

    def __init__(self, at: int | None) -> None:
        self._at = at
        self.counted = 0

    def moment(self) -> None:
        """Count one moment."""
        if self.counted == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.counted += 1

    def install(self) -> None:
        """Count from now on; for a process that is about to be killed, since nothing is put back."""
        for name in CALLS:
            setattr(os, name, self._around(getattr(os, name)))
        fcntl.flock = self._around(fcntl.flock)
        written, connected = durable.HashedFile.write, SqliteFile._connect

        def write(file: durable.HashedFile, data: bytes | memoryview) -> int:
            self.moment()
            half = len(data) // 2
            written(file, data[:half])
            # Out of Python's buffer, as a write that was cut in two.
            file._file.flush()
            self.moment()
            return half + written(file, data[half:])

        def connect(database: SqliteFile) -> sqlite3.Connection:
            connection = connected(database)
            connection.set_trace_callback(self._statement)
            return connection

        for owner, name, switched in ((durable.HashedFile, "write", write), (SqliteFile, "_connect", connect)):
            setattr(owner, name, switched)

    def _around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        opened = os.open

        def around(*given: Any, **named: Any) -> Any:
            if call is opened and not given[1] & os.O_CREAT:
                return call(*given, **named)
            self.moment()
            result = call(*given, **named)
            self.moment()
            return result

        return around

    def _statement(self, sql: str) -> None:
        if sql.startswith(STATEMENTS):
            self.moment()
