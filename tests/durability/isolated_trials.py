"""Trials to run in child processes: some end well, some crash, hang or run out of memory."""

import os
import signal
import time
from pathlib import Path

from benchmarks.durability.corruption.isolated import Outcome, RunTrial


def bad_ends(_: Path) -> RunTrial:
    """Return trials of which number 2 crashes, 4 hangs and 6 takes more memory than there is."""

    def trial(number: int) -> Outcome:
        if number == 2:
            os.kill(os.getpid(), signal.SIGSEGV)
        if number == 4:
            time.sleep(600)
        if number == 6:
            try:
                return str(len(bytes(2**40))), ""
            except MemoryError:
                return "no memory", ""
        return "right", "a note"

    return trial
