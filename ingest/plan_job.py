"""What a job would do, without doing it."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.embedding.recipes import Recipe, recipe_or_auto
from ingest.job import require_recipe
from ingest.pipeline.compare import Change, Compared, Comparer, NewContent, Unchanged
from ingest.pipeline.prune import require_prunable
from ingest.sources import Source, column_kinds
from ingest.sources.job_source import JobSource, job_source
from storage import Rejected, Store
from storage.catalog.content_index import ContentIndex
from storage.console import printable
from storage.files.corrections import Corrections
from storage.types.items import ReusableItem, SourcedItem

#: Inputs that are compared with the store at once.
_SLICE = 256

#: What a job would do with an item.
REMOVED = "removed"


@dataclass(frozen=True)
class PlannedChange:
    """A change of an item: "added", "replaced", "moved", "relabelled" or "removed", and the key that it moved from."""

    change: str
    key: str
    moved_from: str | None = None

    def __str__(self) -> str:
        origin = "" if self.moved_from is None else f"{printable(self.moved_from)} -> "
        return f"{self.change} {origin}{printable(self.key)}"


@dataclass(frozen=True)
class Plan:
    """What a job would do, with a change for each item that it would store or remove.

    The counts are those of `IngestReport`. An input whose picture cannot be decoded counts as one to store: only a job
    decodes it. `columns` says what the columns of a manifest are read as, by name. `most_are_gone` says that a job
    would remove more than half of the source's items only when asked.
    """

    added: int
    unchanged: int
    replaced: int
    moved: int
    relabelled: int
    gone: int | None
    pruned: int
    most_are_gone: bool
    rejected: int
    rejects: tuple[Rejected, ...]
    columns: dict[str, str]
    items: int
    changes: tuple[PlannedChange, ...]


def plan(
    source: Source | str,
    store: str | Path,
    *,
    recipe: str | Recipe | None = None,
    download: bool = False,
    flat: bool = False,
    limit: int | None = None,
    source_name: str | None = None,
    prune: bool = False,
) -> Plan:
    """Return what `ingest` would do with the same arguments; nothing is embedded, and nothing written.

    Raise what `ingest` raises for a source, a limit, a recipe and a store.
    """
    opened = job_source(source, limit, flat=flat, download=download, source_name=source_name)
    if prune:
        require_prunable(opened)
    named = recipe_or_auto(recipe)
    if not Store.exists_at(store):
        Store.require_free(store)
        return _plan(opened, _NoStore(), prune=prune)
    with Store.open(store) as target:
        require_recipe(target, named)
        return _plan(opened, target, prune=prune)


def _plan(source: JobSource, store: "Store | _NoStore", *, prune: bool) -> Plan:
    comparer = Comparer(store, source, threading.Lock())
    changes: list[PlannedChange] = []
    rejects: list[Rejected] = []
    unchanged = 0
    for outcome in _compared(comparer, source.images):
        if isinstance(outcome, Unchanged):
            unchanged += 1
        elif isinstance(outcome, Rejected):
            rejects.append(outcome)
        elif isinstance(outcome, NewContent):
            changes.append(PlannedChange(outcome.change, outcome.input.key))
        else:
            origin = None if outcome.moved_from is None else outcome.moved_from.item.key
            changes.append(PlannedChange(outcome.change, outcome.item.key, origin))
    own = comparer.own_items
    gone = [] if own is None else own.gone()
    removed = [PlannedChange(REMOVED, item.item.key) for item in gone] if prune else []
    counts = Counter(change.change for change in changes)
    return Plan(
        added=counts[Change.ADDED],
        unchanged=unchanged,
        replaced=counts[Change.REPLACED],
        moved=counts[Change.MOVED],
        relabelled=counts[Change.RELABELLED],
        gone=None if own is None else len(gone),
        pruned=len(removed),
        most_are_gone=own is not None and 2 * len(gone) > len(own),
        rejected=len(rejects),
        rejects=tuple(rejects),
        columns=dict(column_kinds(source.images)),
        items=len(store),
        changes=(*changes, *removed),
    )


def _compared(comparer: Comparer, source: Source) -> Iterator[Compared]:
    images = iter(source)
    while inputs := list(islice(images, _SLICE)):
        yield from comparer.compare(inputs)


class _NoStore:
    """A store without items, for a job that would create one."""

    def __len__(self) -> int:
        return 0

    def sourced_items(self, keys: Sequence[str]) -> dict[str, SourcedItem]:  # noqa: ARG002 -- the protocol's
        """Return nothing."""
        return {}

    def sourced_items_by_id(self, ids: Sequence[int]) -> list[SourcedItem]:  # noqa: ARG002
        """Return nothing."""
        return []

    def reusable_items(self, ids: Sequence[int]) -> list[ReusableItem]:  # noqa: ARG002
        """Return nothing."""
        return []

    def content_index(self) -> ContentIndex:
        """Return an empty index."""
        return ContentIndex(())

    def corrections(self) -> Corrections:
        """Return none."""
        return Corrections()

    def items_of_source(self, name: str) -> NDArray[np.int64]:  # noqa: ARG002
        """Return no ids."""
        return np.empty(0, np.int64)
