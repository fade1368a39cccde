"""Ctrl-C asks a job to stop after the batch in hand; a second one stops it at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopSignal:
    """Tells whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, number: int, _: FrameType | None) -> None:
        """Take the signal."""
        self.asked = True
        signal.signal(number, signal.default_int_handler)


@contextmanager
def interrupt() -> Iterator[StopSignal]:
    """Give what Ctrl-C tells; whoever handles it otherwise, or runs in another thread, is left alone."""
    asked = StopSignal()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield asked
        return
    signal.signal(signal.SIGINT, asked)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
