"""Apply a plan to the files of a store's sources and to the store, or take back what was applied.

Nothing is deleted for good: files move to a folder beside their source or to the trash, or become links to a file of
the same bytes. Every file is read again before: one that has changed, or whose group has no file to keep that is as the
plan has it, is left alone.
"""

import errno
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from search.curation.different_pairs import add_different_pairs, different_pairs
from search.errors import ApplyStopped, PlanRefused
from search.plans import steps
from search.plans.file_moves import free_spot
from search.plans.file_spot import FileSpot, SeenFile, look, parent_of, problem_of
from search.plans.journal import OPEN_STEPS, Entry, How, Journal, Step, journals
from search.plans.plan import Action, Plan, PlanRow
from search.plans.report import ApplyReport, FileResult
from search.plans.source_root import shown_root, source_root
from storage import Store
from storage.console import printable
from storage.types.items import SourcedItem

#: Errors after which the next file would most likely fail too.
LASTING = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ENOMEM, errno.EMFILE, errno.ENFILE)

#: What the folder beside a source is called.
_REMOVED = "-removed"


@dataclass(frozen=True)
class _Kept:
    """A file to keep, as it was seen just now."""

    spot: FileSpot
    seen: SeenFile


def apply_plan(plan: Plan, store: Store, how: How = How.MOVE, *, dry_run: bool = False) -> ApplyReport:
    """Do what a plan says, or with `dry_run` only tell what would be done.

    An interrupted run is brought to an end first, and the same plan goes on where it was. The store is open for writing
    unless it is a dry run. Raise ApplyStopped when a disk is full or fails, with all that was done recorded;
    PlanRefused when two rows are one file; NotAStore for a store on a server; StoreUnwritable.
    """
    known = journals(store.folder)
    resumed = 0 if dry_run else finish_all(known, store)
    of_plan = [journal for journal in known if journal.plan == plan.digest]
    before = {(entry.home, entry.digest) for journal in of_plan for entry in journal.with_steps(Step.DONE)}
    journal = next((journal for journal in reversed(of_plan) if journal.how is how), None)
    with _Applying(plan, store, how, journal, before, dry_run=dry_run) as applying:
        different = applying.remember_different()
        results = list(applying.results())
    return ApplyReport(plan.store, how, dry_run, tuple(results), different, resumed)


class _Applying:
    """One run of a plan; the journal is made when there is something to record."""

    def __init__(
        self,
        plan: Plan,
        store: Store,
        how: How,
        journal: Journal | None,
        before: set[tuple[FileSpot, bytes]],
        *,
        dry_run: bool,
    ) -> None:
        self._plan = plan
        self._store = store
        self._how = how
        self._journal = journal
        self._before = before
        self._dry_run = dry_run

    def __enter__(self) -> "_Applying":
        return self

    def __exit__(self, *_: object) -> None:
        if self._journal is not None:
            self._journal.close()

    def _opened(self) -> Journal:
        if self._journal is None:
            self._journal = Journal.create(self._store.folder, self._plan.digest, self._how)
        self._journal.open()
        return self._journal

    def remember_different(self) -> int:
        """Remember the pairs that the plan calls different, and return how many are new."""
        pairs = set(self._plan.different_pairs()) - different_pairs(self._store)
        if pairs and not self._dry_run:
            self._opened().mark_different(pairs, added=True)
            add_different_pairs(self._store, pairs)
        return len(pairs)

    def results(self) -> Iterator[FileResult]:
        """Yield what becomes of each file to remove, once it is done."""
        rows = [row for row in self._plan.rows if row.action is not Action.DIFFERENT]
        items = {row: self._item(row) for row in rows}
        spots = {row: _spot(row, items[row]) for row in rows if row.root is not None}
        _require_distinct(spots)
        for group in self._plan.groups():
            taken = [row for row in group if row.action.takes_away]
            kept = list(_kept(group, spots)) if taken else []
            for row in taken:
                yield self._result(row, spots[row], items[row], kept)

    def _item(self, row: PlanRow) -> SourcedItem | None:
        """Return the stored item of a row; None if the store has none, or another one by now."""
        stored = self._store.sourced_items([row.key]).get(row.key)
        if stored is None or row.root is None or stored.item.content != row.digest:
            return None
        root = source_root(stored.source)
        return stored if root is not None and shown_root(root) == row.root else None

    def _result(self, row: PlanRow, spot: FileSpot, item: SourcedItem | None, kept: Sequence[_Kept]) -> FileResult:
        if (spot, row.digest) in self._before:
            return FileResult(spot, row.line, before=True)
        try:
            seen = look(spot)
            if seen is None:
                return FileResult(spot, row.line, problem="it is no longer there")
            there = [other for other in kept if _is_still_there(other)]
            problem = self._problem(row, seen, there)
            if problem is not None or item is None:
                return FileResult(
                    spot, row.line, problem=problem or "it is no picture of the store's as the plan has it"
                )
            same = (other for other in there if other.seen.digest == row.digest)
            by = next(same) if self._how is How.LINK else None
            entry = self._entry(row, spot, item, seen, by)
            if not self._dry_run:
                steps.act(self._opened(), entry, seen, None if by is None else by.seen, self._store)
        except OSError as error:
            if error.errno in LASTING:
                raise stopped(str(self._how), spot, error) from error
            return FileResult(spot, row.line, problem=problem_of(error))
        return FileResult(spot, row.line, size=seen.size, target=entry.kept if self._how is How.LINK else entry.aside)

    def _problem(self, row: PlanRow, seen: SeenFile, kept: Sequence[_Kept]) -> str | None:
        """Return why a file is left alone, or None."""
        if seen.digest != row.digest:
            return "it has changed since the plan was made"
        if row.action is Action.SET_ASIDE:
            return "it is to be set aside, not to become a link" if self._how is How.LINK else None
        if not kept:
            return "no file to keep of its group is there as the plan has it"
        for other in kept:
            if other.seen.is_same_file(seen):
                return f"it is one file with {printable(str(other.spot))} already"
        if self._how is How.LINK and all(other.seen.digest != row.digest for other in kept):
            return "no file to keep of its group has the same bytes"
        return None

    def _entry(self, row: PlanRow, spot: FileSpot, item: SourcedItem, seen: SeenFile, by: _Kept | None) -> Entry:
        return Entry(
            number=1 if self._journal is None else self._journal.next_number(),
            home=spot,
            digest=row.digest,
            item=item.item.id,
            source=item.source,
            token=secrets.token_hex(8),
            aside=_aside(spot) if self._how is How.MOVE else None,
            kept=None if by is None else by.spot,
            mode=seen.mode,
            mtime_ns=seen.mtime_ns,
            size=seen.size,
        )


def finish_all(known: Sequence[Journal], store: Store) -> int:
    """Bring what interrupted runs have left between two steps to an end, and return for how many files."""
    count = 0
    for journal in known:
        if entries := journal.with_steps(*OPEN_STEPS):
            journal.open()
            for entry in entries:
                steps.finish(journal, entry, store)
            journal.close()
            count += len(entries)
    return count


def stopped(what: str, spot: FileSpot, error: OSError) -> ApplyStopped:
    """Return the error for a file at which a disk failed or is full."""
    return ApplyStopped(
        f"expected to {what} {printable(str(spot))}, got '{problem_of(error)}': everything done so far is recorded; "
        "see to that, and run the same command again"
    )


def _spot(row: PlanRow, item: SourcedItem | None) -> FileSpot:
    """Return where a row's file is; its root is the one that the store has, whose bytes may be no UTF-8."""
    root = None if item is None else source_root(item.source)
    return FileSpot(root or row.spot.root, row.key)


def _kept(group: Sequence[PlanRow], spots: Mapping[PlanRow, FileSpot]) -> Iterator[_Kept]:
    """Yield the files to keep of a group that are there as the plan has them."""
    for row in group:
        if row.action is Action.KEEP and row in spots:
            with suppress(OSError):
                seen = look(spots[row])
                if seen is not None and seen.digest == row.digest:
                    yield _Kept(spots[row], seen)


def _is_still_there(kept: _Kept) -> bool:
    """Return whether a file to keep is still the one that was read."""
    try:
        with parent_of(kept.spot) as (folder, name):
            return kept.seen.is_unchanged(os.stat(name, dir_fd=folder, follow_symlinks=False))
    except OSError:
        return False


def _require_distinct(spots: Mapping[PlanRow, FileSpot]) -> None:
    """Raise PlanRefused if one file, in a folder that is reached in two ways, is to be removed and named twice."""
    rows: dict[tuple[int, int, str], PlanRow] = {}
    for row, spot in spots.items():
        with suppress(OSError), parent_of(spot) as (folder, name):
            status = os.fstat(folder)
            other = rows.setdefault((status.st_dev, status.st_ino, name), row)
            if (
                other is not row
                and (other.root, other.key) != (row.root, row.key)
                and (row.action.takes_away or other.action.takes_away)
            ):
                raise PlanRefused(
                    f"expected each file once, got {printable(row.key)} in lines {other.line} and {row.line}, in a "
                    "folder that is named in two ways: leave one of the two"
                )


def _aside(spot: FileSpot) -> FileSpot:
    """Return where a file is moved to: the first free name in the folder beside its source; raise OSError."""
    root = spot.root.rstrip("/")
    if not root:
        raise OSError(errno.EINVAL, "there is no folder beside its source")
    return free_spot(root + _REMOVED, spot.path)
