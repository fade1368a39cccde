"""Make the three standard streams usable, however the process was started."""

import io
import os
import sys
from typing import Any, Literal


class _LossyFile(io.FileIO):
    """A file whose failures to write are ignored: what it says is lost, and nothing else."""

    def write(self, data: Any, /) -> int:
        """Write what can be written, and return the number of bytes given if that fails."""
        try:
            return super().write(data)
        except OSError:
            return len(data)


def prepare_standard_streams() -> None:
    """Open closed streams, escape what an encoding cannot express, and ignore failures to write to standard error.

    A closed stream is opened on the null device, so that no file of ours gets its number: standard output for reading,
    so that writing results to it fails. Streams that a caller has put in the place of the process's own are left alone.
    """
    # An opened file gets the lowest free number, which in this order is the closed stream's.
    if sys.stdin is None:
        sys.stdin = _open_null(os.O_RDONLY, "r")
    if sys.stdout is None:
        sys.stdout = _open_null(os.O_RDONLY, "w")
    elif sys.stdout is sys.__stdout__ and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if sys.stderr is None:
        sys.stderr = _open_null(os.O_WRONLY, "w")
    elif sys.stderr is sys.__stderr__ and isinstance(sys.stderr, io.TextIOWrapper):
        lossy: Any = io.BufferedWriter(_LossyFile(sys.stderr.fileno(), "w", closefd=False))
        sys.stderr = io.TextIOWrapper(lossy, sys.stderr.encoding, "backslashreplace", line_buffering=True)


def _open_null(flags: int, mode: Literal["r", "w"]) -> io.TextIOWrapper:
    # The descriptor stays open to the end of the process, as that of a standard stream does.
    return open(os.open(os.devnull, flags), mode, encoding="utf-8", closefd=False)
