"""The lock of a store's only writer: an advisory file lock, which the kernel releases when its process dies.

The kernel releases it only when no process has the descriptor any more, so a forked process closes its copy at once.
"""

import contextlib
import fcntl
import os
from pathlib import Path

from storage import after_fork
from storage.errors import StoreBusy
from storage.files.durable import unwritable, write_errors


class WriterLock:
    """Hold the writer lock from construction until `release`; raise StoreBusy at once if another process has it."""

    def __init__(self, path: Path) -> None:
        with write_errors(path):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._descriptor)
            raise StoreBusy(
                f"expected to be the only writer of {path.parent}, got one at work already (process {holder}): "
                "wait for it to end, or stop it, and run the same command again"
            ) from error
        except OSError as error:
            # Some network file systems have no locks; without one, two writers could corrupt the store.
            os.close(self._descriptor)
            raise unwritable(path, error) from error
        # The process id is for messages only; the lock is the kernel's, whatever the file holds.
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        after_fork.register(self)

    @property
    def held(self) -> bool:
        """Return whether this process holds the lock."""
        return self._descriptor >= 0

    def leave_to_parent(self) -> None:
        """Close a forked process's copy of the descriptor: the lock stays that of the process it was forked from."""
        self.release()

    def release(self) -> None:
        """Release the lock; harmless when called again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
