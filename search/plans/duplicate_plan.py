"""The plan that groups of duplicates suggest: keep the one that the rules keep, and remove the copies of it."""

import os
from collections.abc import Iterator

from search.curation.duplicate_group import DuplicateGroup, Member
from search.curation.duplicates import Duplicates
from search.plans.plan import Action, Plan, PlanRow, checked_plan
from search.plans.source_root import shown_root, source_root
from storage import Store


def plan_of_duplicates(duplicates: Duplicates, store: Store) -> Plan:
    """Return a plan for a store in a folder; raise NotAStore for a store on a server.

    Removed are copies that are files, in groups where the one to keep is a file that is there. What only looks alike
    is kept: whether it is a copy is for people to say.
    """
    location = os.path.abspath(store.folder)  # noqa: PTH100 - keeps links, as the names of sources do
    rows: list[PlanRow] = []
    for number, group in enumerate(duplicates.groups, start=1):
        sources = store.sources([member.id for member in group.members])
        roots = {id: source_root(name) for id, name in sources.items()}
        rows += _rows(str(number), group, roots)
    return checked_plan(shown_root(location), rows)


def _rows(name: str, group: DuplicateGroup, roots: dict[int, str | None]) -> Iterator[PlanRow]:
    kept_is_there = _size(group.kept) is not None
    for member in group.members:
        size = _size(member)
        root = roots.get(member.id)
        action, reason = Action.KEEP, member.reason
        if not member.keep and size is not None and root is not None and kept_is_there and member.kind.is_copy:
            action = Action.REMOVE
        elif not member.keep:
            reason = f"{_why_kept(member, size, kept_is_there=kept_is_there)}; {reason}"
        yield PlanRow(
            group=name,
            action=action,
            key=member.key,
            digest=member.item.content,
            root=root,
            kind="" if member is group.kept else str(member.kind),
            confidence=member.confidence,
            reason=reason,
            label=member.label,
            size=size,
        )


def _why_kept(member: Member, size: int | None, *, kept_is_there: bool) -> str:
    if member.path is None:
        return "not a file of its own"
    if size is None:
        return "its file is gone"
    return "look at it first" if kept_is_there else "the one to keep is no file that is there"


def _size(member: Member) -> int | None:
    """Return the size of a member's file in bytes, None if there is none."""
    try:
        return None if member.path is None else member.path.stat().st_size
    except OSError:
        return None
