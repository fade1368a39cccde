"""Bugs to plant on purpose, by name: a suite that does not notice them proves nothing.

Each is a small wrong step that a change of `storage` could take. It is planted from outside: the product has no hooks.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.durability.planting import planted_checks, planted_files, planted_transactions
from benchmarks.durability.planting.patches import Patches


@dataclass(frozen=True)
class Bug:
    """A bug: what it does in a line, and the name of the check that must notice it, of `catching.CHECKS`."""

    name: str
    what: str
    caught_by: str
    patch: Callable[[Patches], None]


def _bug(patch: Callable[[Patches], None], caught_by: str) -> Bug:
    """Return the bug that a function plants: its name and docstring say which."""
    what = (patch.__doc__ or "").strip().removesuffix(".")
    return Bug(patch.__name__.replace("_", "-"), what, caught_by, patch)


BUGS = {
    bug.name: bug
    for bug in (
        _bug(planted_files.file_not_flushed, "power cuts"),
        _bug(planted_files.folder_not_flushed, "power cuts"),
        _bug(planted_files.recorded_before_named, "kills at each call"),
        _bug(planted_files.replaced_in_place, "kills at each call"),
        _bug(planted_files.created_in_place, "kills at each call"),
        _bug(planted_files.old_removed_first, "kills at each call"),
        _bug(planted_transactions.synchronous_full, "power cuts"),
        _bug(planted_transactions.wal_normal, "power cuts"),
        _bug(planted_transactions.acknowledged_before_commit, "kills at random"),
        _bug(planted_transactions.two_commits, "kills at each call"),
        _bug(planted_transactions.unlocked, "one writer"),
        _bug(planted_transactions.ids_reused, "ids never again"),
        _bug(planted_transactions.tail_ignored, "kills at random"),
        _bug(planted_checks.row_unchecked, "damaged rows"),
        _bug(planted_checks.generation_unchecked, "damaged index"),
        _bug(planted_checks.history_of_generation_unchecked, "index of another history"),
        _bug(planted_checks.answer_unchecked, "index with other vectors"),
        _bug(planted_checks.embedding_unchecked, "damaged embedding"),
        _bug(planted_checks.chain_unchecked, "swapped deletions"),
        _bug(planted_checks.positions_unchecked, "far queries"),
        _bug(planted_checks.read_without_transaction, "whole batches"),
    )
}


def plant(name: str) -> None:
    """Plant the bug of this name in this process, for good."""
    BUGS[name].patch(Patches())


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Plant the bug of this name in this process for the time of a block."""
    patches = Patches()
    try:
        BUGS[name].patch(patches)
        yield
    finally:
        patches.undo()
