"""Take back what a plan did: files return to their places, and their items to the store with new ids."""

import os
from collections.abc import Sequence
from dataclasses import replace

from search.curation.different_pairs import Pair, different_pairs, remove_different_pairs
from search.errors import PlanRefused
from search.plans import steps, trash
from search.plans.apply import LASTING, finish_all, stopped
from search.plans.file_spot import look, problem_of
from search.plans.journal import Entry, How, Journal, Step, journals
from search.plans.plan import Plan
from search.plans.report import FileResult, UndoReport
from storage import Store


def undo(store: Store, plan: Plan | None = None, *, dry_run: bool = False) -> UndoReport:
    """Take back what a plan did, or the plan that was applied last, newest file first.

    A file whose place another one has by now stays where it was moved to. Items come back by new ids with the vectors
    of their deleted rows; where these are gone, the next job over the source adds them. An interrupted run is brought
    to an end first. Raise PlanRefused when there is nothing to take back; else as `apply_plan`.
    """
    known = journals(store.folder)
    resumed = 0 if dry_run else finish_all(known, store)
    chosen = _to_undo(known, plan, resumed)
    results: list[FileResult] = []
    different: set[Pair] = set()
    items = 0
    for journal in chosen:
        if not dry_run:
            journal.open()
        try:
            for entry in reversed(journal.with_steps(Step.DONE)):
                result, came_back = _take_back(journal, entry, store, dry_run=dry_run)
                results.append(result)
                items += came_back
            different |= journal.different
            if journal.different and not dry_run:
                remove_different_pairs(store, journal.different & different_pairs(store))
                journal.mark_different(journal.different, added=False)
        finally:
            journal.close()
    how = chosen[0].how if chosen else How.MOVE
    return UndoReport(str(store.folder), how, dry_run, tuple(results), len(different), resumed, items)


def _to_undo(known: Sequence[Journal], plan: Plan | None, resumed: int) -> list[Journal]:
    """Return the journals to take back, the newest first: of a plan all, else the last one with something to undo.

    Raise PlanRefused if there is none, unless an interrupted run was just brought to an end.
    """
    with_work = [journal for journal in reversed(known) if journal.with_steps(Step.DONE) or journal.different]
    chosen = with_work[:1] if plan is None else [journal for journal in with_work if journal.plan == plan.digest]
    if not chosen and not resumed:
        of = "this plan" if plan is not None else "a plan"
        raise PlanRefused(f"expected something that {of} did to take back, got nothing: apply it first")
    return chosen


def _take_back(journal: Journal, entry: Entry, store: Store, *, dry_run: bool) -> tuple[FileResult, bool]:
    """Return what became of a file, and whether its item came back."""
    try:
        if not os.path.isdir(entry.home.root):  # noqa: PTH112 - a path may be no UTF-8
            return FileResult(entry.home, problem="its source's folder is not there"), False
        there = look(entry.home)
        if journal.how is not How.LINK and there is not None:
            return FileResult(entry.home, problem="there is a file in its place"), False
        if journal.how is How.LINK and (there is None or there.digest != entry.digest):
            return FileResult(entry.home, problem="it has changed since it became a link"), False
        if journal.how is How.TRASH:
            entry = replace(entry, aside=trash.find_in_trash(entry.home, entry.digest))
        if journal.how is not How.LINK:
            aside = None if entry.aside is None else look(entry.aside)
            if aside is None or aside.digest != entry.digest:
                where = "in the trash" if entry.aside is None else f"at {entry.aside}"
                return FileResult(entry.home, problem=f"it is not {where} any more: restore it by hand"), False
        came_back = False if dry_run else steps.take_back(journal, entry, store)
    except OSError as error:
        if error.errno in LASTING:
            raise stopped("take back", entry.home, error) from error
        return FileResult(entry.home, problem=problem_of(error)), False
    return FileResult(entry.home, size=entry.size, target=entry.aside), came_back
