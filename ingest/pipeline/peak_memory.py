"""The peak memory of this process; it imports nothing else, so that a process measured with it stays small."""

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_memory() -> int:
    """Return this process's peak resident set size in bytes."""
    try:
        # Not `ru_maxrss`: on Linux a child process inherits its parent's.
        return next(
            int(line.split()[1]) * 1024 for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM")
        )
    except (OSError, StopIteration):
        # Linux counts in KiB, macOS in bytes.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
