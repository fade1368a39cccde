"""Wait for the locks of a SQLite file, and say for whom.

SQLite waits by itself, silently and for one limited time. Here it waits a second at a time, and each attempt is
repeated: who waits longer hears which process it is, and Ctrl-C works.
"""

import logging
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")

#: How long SQLite waits in one attempt, in milliseconds.
ATTEMPT_MS = 1000

#: How long to wait altogether, in seconds: a check of a file of hundreds of gigabytes may take that long.
LONGEST_WAIT_S = 600.0

#: Between attempts that SQLite gives up without waiting, in seconds.
_PAUSE_S = 0.05

#: The first of the bytes of a file that SQLite locks, and the bytes that readers lock: https://sqlite.org/lockingv3.html
_PENDING_BYTE = 0x40000000
_SHARED_BYTES = range(_PENDING_BYTE + 2, _PENDING_BYTE + 512)

#: Where Linux lists all file locks. Opening the file itself to ask for them would drop this process's own when closed.
_LOCKS = Path("/proc/locks")

_LOGGER = logging.getLogger(__name__)


def with_locks(path: Path, attempt: Callable[[], Result]) -> Result:
    """Return what a function returns, called again while it fails for a lock of another connection.

    After the first attempt a warning is logged, which is printed to standard error unless a program says otherwise.
    """
    started = time.monotonic()
    told = False
    while True:
        try:
            return attempt()
        except Exception as error:
            if not is_busy(error) or time.monotonic() - started >= LONGEST_WAIT_S:
                raise
        if not told:
            _LOGGER.warning("waiting for %s", holder(path))
            told = True
        time.sleep(_PAUSE_S)


def is_busy(error: Exception) -> bool:
    """Return whether an error of sqlite3 or SQLAlchemy says that another connection has a lock."""
    cause = getattr(error, "orig", None) or error
    return getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def holder(path: Path) -> str:
    """Return which process has a lock of a SQLite file, and what it does, as far as the system tells."""
    store = str(path.parent)
    name = store if store.isprintable() else ascii(store)
    readers: list[int] = []
    writers: list[int] = []
    for process, first in _locks(path):
        (readers if first in _SHARED_BYTES else writers).append(process)
    # A writer that waits for readers keeps others waiting too.
    if others := [process for process in readers if process not in writers]:
        return f"process {others[0]}, which reads {name}"
    return f"process {writers[0]}, which writes to {name}" if writers else f"another process, which uses {name}"


def _locks(path: Path) -> list[tuple[int, int]]:
    """Return the other processes that lock bytes of a SQLite file, each with the first byte."""
    try:
        inode = path.stat().st_ino
        lines = [line.split() for line in _LOCKS.read_text("ascii").splitlines()]
    except (OSError, ValueError):
        return []
    locks = []
    for line in lines:
        # "1: POSIX ADVISORY READ 3568 fd:00:2531452 1073741826 1073742335"; one that waits has "->" in it.
        if len(line) != 8 or line[1] != "POSIX" or not line[5].endswith(f":{inode}"):
            continue
        process, first = int(line[4]), int(line[6])
        if first >= _PENDING_BYTE and process not in (os.getpid(), -1):
            locks.append((process, first))
    return locks
