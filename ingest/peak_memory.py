"""The most memory that this process has had."""

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_memory() -> int:
    """Return the peak of this process's resident memory, in bytes."""
    try:
        # Not `ru_maxrss`: on Linux a process inherits that from the one which started it.
        return next(
            int(line.split()[1]) * 1024 for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM")
        )
    except (OSError, StopIteration):
        # Linux counts in KiB, macOS in bytes.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
