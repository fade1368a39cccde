"""Bugs to plant on purpose, by name: a suite that does not notice them proves nothing.

Each is a small wrong step that a change of `storage` could take. It is planted from outside: the product has no hooks.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.durability.mutants import check_mutants, file_mutants, transaction_mutants
from tests.durability.mutants.patches import Patches


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
        _bug(file_mutants.file_not_flushed, "power cuts"),
        _bug(file_mutants.folder_not_flushed, "power cuts"),
        _bug(file_mutants.recorded_before_named, "kills at each call"),
        _bug(file_mutants.replaced_in_place, "kills at each call"),
        _bug(file_mutants.created_in_place, "kills at each call"),
        _bug(file_mutants.old_removed_first, "kills at each call"),
        _bug(transaction_mutants.synchronous_full, "power cuts"),
        _bug(transaction_mutants.wal_normal, "power cuts"),
        _bug(transaction_mutants.acknowledged_before_commit, "kills at random"),
        _bug(transaction_mutants.two_commits, "kills at each call"),
        _bug(transaction_mutants.unlocked, "one writer"),
        _bug(transaction_mutants.ids_reused, "ids never again"),
        _bug(transaction_mutants.tail_ignored, "kills at random"),
        _bug(check_mutants.row_unchecked, "damaged rows"),
        _bug(check_mutants.generation_unchecked, "damaged index"),
        _bug(check_mutants.history_of_generation_unchecked, "index of another history"),
        _bug(check_mutants.answer_unchecked, "index with other vectors"),
        _bug(check_mutants.embedding_unchecked, "damaged embedding"),
        _bug(check_mutants.chain_unchecked, "swapped deletions"),
        _bug(check_mutants.positions_unchecked, "far queries"),
        _bug(check_mutants.read_without_transaction, "whole batches"),
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
