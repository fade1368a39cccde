"""The mutants of storage by name: a test suite that does not catch them proves nothing.

Each is a small wrong step that a change of `storage` could take. It is patched in from outside: the product has no
hooks.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.durability.mutants import file_mutants, reading_mutants, transaction_mutants, validation_mutants
from tests.durability.mutants.patches import Patches


@dataclass(frozen=True)
class Mutant:
    """A bug to plant, and the name of the check in `checks.CHECKS` that must catch it."""

    name: str
    caught_by: str
    patch: Callable[[Patches], None]


_CAUGHT_BY: dict[Callable[[Patches], None], str] = {
    file_mutants.file_not_flushed: "power loss",
    file_mutants.folder_not_flushed: "power loss",
    file_mutants.recorded_before_named: "crashes in publish",
    file_mutants.replaced_in_place: "crashes in publish",
    file_mutants.created_in_place: "crashes in create",
    file_mutants.old_removed_first: "crashes in publish",
    transaction_mutants.synchronous_full: "power loss",
    transaction_mutants.wal_normal: "power loss",
    transaction_mutants.acknowledged_before_commit: "crashes at random",
    transaction_mutants.two_commits: "crashes in append",
    transaction_mutants.moved_in_two_batches: "crashes in move",
    transaction_mutants.unlocked: "one writer",
    transaction_mutants.dropped_store_kept: "dropped stores",
    transaction_mutants.dropped_store_unclosed: "dropped stores",
    transaction_mutants.ids_reused: "ids never again",
    transaction_mutants.tail_ignored: "crashes at random",
    reading_mutants.verified_in_one_transaction: "writer beside a reader",
    reading_mutants.later_deletions_seen: "writer beside a reader",
    reading_mutants.later_rows_read: "writer beside a reader",
    reading_mutants.compacted_rows_read: "writer beside a reader",
    validation_mutants.row_unchecked: "corrupt rows",
    validation_mutants.source_unchecked: "corrupt sources",
    validation_mutants.generation_unchecked: "corrupt index",
    validation_mutants.history_of_generation_unchecked: "index of another history",
    validation_mutants.answer_unchecked: "index with other vectors",
    validation_mutants.columns_unchecked: "corrupt columns",
    validation_mutants.deletions_of_snapshot_ignored: "deleted after the index",
    validation_mutants.deletions_unchecked: "deleted since it was loaded",
    validation_mutants.commits_unnoticed: "deleted since it was loaded",
    validation_mutants.other_file_unnoticed: "another catalog in its place",
    validation_mutants.embedding_unchecked: "corrupt embedding",
    validation_mutants.chain_unchecked: "swapped deletions",
    validation_mutants.positions_unchecked: "far queries",
    validation_mutants.read_without_transaction: "consistent reads",
}

#: Every mutant by its name, which is that of its function.
MUTANTS = {patch.__name__: Mutant(patch.__name__, check, patch) for patch, check in _CAUGHT_BY.items()}


def setup_of(*names: str) -> tuple[str, ...]:
    """Return the setup by which a benchmark's process installs the mutants of these names."""
    return (f"{__name__}:{install.__name__}", *names)


def install(*names: str) -> None:
    """Install the mutants of these names in this process for good."""
    for name in names:
        MUTANTS[name].patch(Patches())


@contextmanager
def installed(name: str) -> Iterator[None]:
    """Install the mutant of this name in this process while a block runs."""
    with Patches() as patches:
        MUTANTS[name].patch(patches)
        yield
