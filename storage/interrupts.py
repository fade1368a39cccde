"""Ctrl-C while a command starts: there is nothing to keep, and a traceback through half-loaded modules says nothing.

The modules of a command take a second or more to load. Each `__main__.py` imports this one first, so the packages'
`__init__.py` load nothing else by themselves.
"""

import signal

#: Whether `end_at_once` is in force.
_ends_at_once = False


def end_at_once() -> None:
    """Let Ctrl-C end the process at once, without a traceback, until `raise_again`; unless it is ignored or handled."""
    global _ends_at_once  # noqa: PLW0603 -- a process has one handler
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        _ends_at_once = True


def raise_again() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again: the command's modules are loaded."""
    global _ends_at_once  # noqa: PLW0603
    if _ends_at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _ends_at_once = False
