"""Stop a job after the batch in hand on Ctrl-C, and at once on a second Ctrl-C."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopSignal:
    """A signal handler that records the request to stop, and lets the next signal raise KeyboardInterrupt."""

    def __init__(self) -> None:
        self.requested = False

    def __call__(self, number: int, _: FrameType | None) -> None:
        """Handle the signal."""
        self.requested = True
        signal.signal(number, signal.default_int_handler)


@contextmanager
def stop_on_interrupt() -> Iterator[StopSignal]:
    """Yield a stop signal that Ctrl-C sets; it stays unset off the main thread or where SIGINT has another handler."""
    stop = StopSignal()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield stop
        return
    signal.signal(signal.SIGINT, stop)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
