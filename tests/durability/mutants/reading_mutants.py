"""Mutants of how all rows are read while others write."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from storage.catalog import pages
from storage.catalog.catalog import Catalog
from storage.catalog.page import Page
from storage.catalog.pages import BatchState, RowPage, state_within
from storage.maintenance import verification
from tests.durability.mutants.patches import Patches


def verified_in_one_transaction(patches: Patches) -> None:
    """Verify a store inside one transaction, which every writer waits for."""
    problems = verification.problems

    def problems_in_one(state: BatchState, store: Path | None, dim: int) -> Iterator[str]:
        with state.reading() as catalog:
            yield from problems(state_within(catalog), store, dim)

    patches.set(verification, "problems", problems_in_one)


def later_deletions_seen(patches: Patches) -> None:
    """Take rows that a later batch deleted for deleted by the fixed one."""
    patches.set(Page, "deleted_later", lambda *_: False)


def later_rows_read(patches: Patches) -> None:
    """Read the rows that were added since the read began too."""

    def state_without_end(catalog: Catalog) -> BatchState:
        return replace(state_within(catalog), newest_id=2**62)

    patches.set(pages, "state_within", state_without_end)


def compacted_rows_read(patches: Patches) -> None:
    """Take rows that were deleted and compacted since the read began for damaged ones."""
    patches.set(RowPage, "require_kept", lambda _: None)
