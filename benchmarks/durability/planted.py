"""Bugs to plant on purpose, by name: a suite that does not notice them proves nothing."""

from collections.abc import Callable

from storage.database import PRAGMAS


def _full_instead_of_extra() -> None:
    PRAGMAS["synchronous"] = 2


def _wal_with_normal() -> None:
    PRAGMAS["journal_mode"] = "wal"
    PRAGMAS["synchronous"] = 1


PLANTED: dict[str, Callable[[], None]] = {
    "synchronous-full": _full_instead_of_extra,
    "wal-normal": _wal_with_normal,
}


def plant(name: str) -> None:
    """Plant the bug of this name in this process, for good."""
    PLANTED[name]()
