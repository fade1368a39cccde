"""Trials for the child processes that run them: some end as they should, some badly."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.durability.corruption.isolated import Trial


def bad_ends(folder: Path) -> Callable[[int], Trial]:
    """Return trials of which number 2 crashes, 4 hangs and 6 takes more memory than there is."""
    (folder / "made").touch()

    def trial(number: int) -> Trial:
        if number == 2:
            os.kill(os.getpid(), signal.SIGSEGV)
        if number == 4:
            time.sleep(600)
        if number == 6:
            try:
                return Trial("six", str(len(bytes(2**40))))
            except MemoryError:
                return Trial("six", "no memory")
        return Trial("other", "right", memory=number)

    return trial
