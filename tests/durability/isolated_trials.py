"""Trials to run in child processes: some end well, some crash, hang or run out of memory."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.durability.corruption.isolated import CorruptionTrial


def bad_ends(_: Path) -> Callable[[int], CorruptionTrial]:
    """Return trials of which number 2 crashes, 4 hangs and 6 takes more memory than there is."""

    def trial(number: int) -> CorruptionTrial:
        if number == 2:
            os.kill(os.getpid(), signal.SIGSEGV)
        if number == 4:
            time.sleep(600)
        if number == 6:
            try:
                return CorruptionTrial("six", str(len(bytes(2**40))))
            except MemoryError:
                return CorruptionTrial("six", "no memory")
        return CorruptionTrial("other", "right", memory=number)

    return trial
