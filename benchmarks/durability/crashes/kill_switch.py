"""A switch that kills its own process at the n-th crash point of its writing, without a hook in the product's code.

A crash point is just before and just after each call that changes a file or a name, the middle of each write, and just
before each SQL statement that changes the database file.
"""

import fcntl
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from storage.databases.sqlite_file import SqliteFile
from storage.files import durable

#: The functions of `os` by which `storage` changes files and names, `pathlib` included.
CALLS = ("fsync", "replace", "link", "unlink", "mkdir", "rmdir", "open", "ftruncate", "pwrite")

#: The SQL statements that change the file; the effect of others stays in memory until these.
STATEMENTS = ("COMMIT", "VACUUM")


class Interrupted(BaseException):
    """Ends the work in the middle, as Ctrl-C does, in a process that goes on."""


class KillSwitch:
    """Counts the crash points of this process, and kills it at number `at`, counted from 0; never if `at` is None.

    With `interrupts` it raises Interrupted there instead. SQL statements are no crash points then: SQLite would ignore
    the error.
    """

    def __init__(self, at: int | None, *, interrupts: bool = False) -> None:
        self._at = at
        self._interrupts = interrupts
        self.count = 0

    def crash_point(self) -> None:
        """Kill the process if it is to be killed at this crash point, or count it."""
        reached = self.count == self._at
        self.count += 1
        if reached and self._interrupts:
            raise Interrupted
        if reached:
            os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        """Count from now on; for a process that is about to be killed, since the calls are not restored."""
        for name in CALLS:
            setattr(os, name, self._around(getattr(os, name)))
        fcntl.flock = self._around(fcntl.flock)
        write, connect = durable.HashedFile.write, SqliteFile._connect

        def write_in_halves(file: durable.HashedFile, data: bytes | memoryview) -> int:
            self.crash_point()
            half = len(data) // 2
            write(file, data[:half])
            # Flush Python's buffer: the file is then as after a write that was cut in two.
            file._file.flush()
            self.crash_point()
            return half + write(file, data[half:])

        def connect_traced(path: Path) -> sqlite3.Connection:
            connection = connect(path)
            connection.set_trace_callback(None if self._interrupts else self._before_statement)
            return connection

        setattr(durable.HashedFile, "write", write_in_halves)  # noqa: B010 - mypy knows methods as constants.
        setattr(SqliteFile, "_connect", staticmethod(connect_traced))  # noqa: B010

    def _around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        os_open = os.open

        def counted(*args: Any, **named: Any) -> Any:
            if call is os_open and not args[1] & os.O_CREAT:
                return call(*args, **named)
            self.crash_point()
            result = call(*args, **named)
            self.crash_point()
            return result

        return counted

    def _before_statement(self, sql: str) -> None:
        if sql.startswith(STATEMENTS):
            self.crash_point()
