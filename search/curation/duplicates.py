"""Group items that are nearly the same image around a representative (leader clustering).

Hartigan, "Clustering Algorithms", 1975, chapter 3: items are visited in id order, and an item farther than the radius
from every representative becomes a representative itself. Unlike there, any other item joins the nearest
representative, not the first. So every item of a group lies within the radius of its representative, and no two
representatives lie within the radius of each other: a store whose duplicates are deleted has no more. Connected
components would instead chain images into groups whose ends are far apart. Items added later never change the
representatives of earlier ones.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from search.curation.auto_radius import AutoRadius, find_auto_radius
from search.curation.duplicate_group import DuplicateGroup, Kind, Member
from search.curation.keep_rule import KeepRule, stored_pictures
from search.notebook import MAX_STRIPS, html_strip, html_strips
from search.results import plain_text, query_name
from search.searcher import Searcher
from search.store_thumbnails import StoreThumbnails, Thumbnails, no_thumbnails
from storage import Hit, Item, Store
from storage.console import printable, right_aligned
from storage.types.query import Query

#: Queries of one range search: the batch size doubles as long as batches have fewer hits than this.
_MIN_BATCH = 8
_MAX_BATCH = 1024
_MANY_HITS = 20_000

#: Groups in the table; --json prints all.
_TABLE_GROUPS = 50


@dataclass(frozen=True)
class Duplicates:
    """The groups among `item_count` items, the largest first, and of equal sizes the one with the nearest pair.

    `auto` says how the radius was chosen; None when it was given.
    """

    radius: float
    item_count: int
    groups: tuple[DuplicateGroup, ...]
    auto: AutoRadius | None = None
    thumbnails: Thumbnails = field(default=no_thumbnails, repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.summary()}\n{plain_text([self.table()])}"

    def _repr_html_(self) -> str:
        strips = [_html_strip(group, self.thumbnails) for group in self.groups[:MAX_STRIPS]]
        return html_strips(self.summary(), strips, len(self.groups))

    @property
    def duplicate_count(self) -> int:
        """Return how many items are not the one of their group to keep."""
        return sum(len(group.others) for group in self.groups)

    def as_json(self) -> dict[str, Any]:
        """Return the groups as JSON."""
        return {
            "radius": self.radius,
            "auto": None if self.auto is None else self.auto.as_json(),
            "items": self.item_count,
            "others": self.duplicate_count,
            "groups": [group.as_json() for group in self.groups],
        }

    def summary(self) -> str:
        """Return a line with the counts; if the radius was chosen automatically, after a line that describes it."""
        groups = f"{len(self.groups):,} group{'s' * (len(self.groups) != 1)}"
        counts = (
            f"{groups} of duplicates within {self.radius:.4g}: {self.duplicate_count:,} of {self.item_count:,} items "
            "could be deleted"
        )
        more = f"; the {_TABLE_GROUPS} largest:" if len(self.groups) > _TABLE_GROUPS else ""
        return "\n".join([*([self.auto.sentence()] if self.auto else []), counts + more])

    def table(self) -> Table:
        """Return the largest groups as a table to print."""
        table = Table(*right_aligned("group", "distance"), "kind", "label", *right_aligned("id"), "key")
        for number, group in enumerate(self.groups[:_TABLE_GROUPS], start=1):
            table.add_row(*_cells(str(number), "", "", group.kept))
            for member in group.others:
                cells = _cells("", f"{member.distance:.4f}", str(member.kind), member)
                table.add_row(*cells, end_section=member is group.others[-1])
        return table


def _cells(number: str, distance: str, kind: str, member: Member) -> tuple[Text, ...]:
    label = printable(member.label) if member.label is not None else "-"
    return tuple(Text(cell) for cell in (number, distance, kind, label, str(member.id), printable(member.key)))


def _html_strip(group: DuplicateGroup, thumbnails: Thumbnails) -> str:
    hits = [member.as_hit(rank) for rank, member in enumerate(group.others, start=1)]
    return html_strip(query_name(group.kept.item), hits, group.kept.item, None, thumbnails)


def find_duplicates(
    searcher: Searcher,
    radius: float | None = None,
    *,
    keep: Sequence[str] = (),
    different: Container[frozenset[bytes]] = frozenset(),
) -> Duplicates:
    """Return the groups of items within a radius, by default the one of `find_auto_radius`.

    `keep` are the rules of `KeepRule`, in order. `different` has pairs of content digests (32 bytes each) that are not
    duplicates, whatever their distance. Raise InvalidQuery unless the radius is finite and at least 0 or for a rule
    that is empty, or RadiusUnknown when no radius can be chosen.
    """
    rule = KeepRule(keep)
    auto = None
    if radius is None:
        auto = find_auto_radius(searcher)
        radius = auto.radius
    groups = list(_compared_by_distance(searcher.store, _groups_within(searcher.store, radius, different), rule))
    groups.sort(key=lambda group: (-len(group.others), group.others[0].distance, group.kept.id))
    return Duplicates(radius, len(searcher), tuple(groups), auto, StoreThumbnails(searcher.store))


def _compared_by_distance(store: Store, groups: Sequence[Sequence[int]], rule: KeepRule) -> Iterator[DuplicateGroup]:
    """Yield groups of ids as groups of items whose pictures were not compared."""
    ids = sorted(id for group in groups for id in group)
    pictures = dict(zip(ids, stored_pictures(store.sourced_items_by_id(ids)), strict=True))
    vectors = dict(zip(ids, store.vectors(ids).astype(np.float64), strict=True))
    for group in groups:
        kept, *others = sorted((pictures[id] for id in group), key=rule.rank)
        reason = rule.reason(kept, others[0])
        members = [Member(kept.item, 0.0, Kind.IDENTICAL_FILE, None, True, reason, kept.path)]
        for other in others:
            distance = float(np.linalg.norm(vectors[other.item.id] - vectors[kept.item.id]))
            same = other.item.content == kept.item.content
            kind, confidence = (Kind.IDENTICAL_FILE, 1.0) if same else (Kind.LOOKS_ALIKE, None)
            members.append(Member(other.item, distance, kind, confidence, False, rule.reason(other, kept), other.path))
        members[1:] = sorted(members[1:], key=lambda member: (member.distance, member.id))
        yield DuplicateGroup(tuple(members))


def _groups_within(store: Store, radius: float, different: Container[frozenset[bytes]]) -> list[list[int]]:
    """Return the ids of each group's items, the representative's first."""
    # By the id of each duplicate: the distance to the nearest representative so far, and its id.
    nearest: dict[int, tuple[float, int]] = {}
    for representative, hits in _representatives(store, radius, different):
        for hit in hits:
            if hit.id not in nearest or hit.distance < nearest[hit.id][0]:
                nearest[hit.id] = hit.distance, representative
    groups: dict[int, list[int]] = {}
    for id, (_, representative) in nearest.items():
        groups.setdefault(representative, [representative]).append(id)
    return list(groups.values())


def _representatives(
    store: Store, radius: float, different: Container[frozenset[bytes]]
) -> Iterator[tuple[int, list[Hit]]]:
    """Yield the id of each representative with the items within its radius, without those that differ from it."""
    query = Query.checked(radius=radius)
    remaining = store.ids().tolist()
    duplicates: set[int] = set()
    size = _MIN_BATCH
    while remaining:
        batch, remaining = remaining[:size], remaining[size:]
        items, results = store.search_by_id(batch, query)
        for item, hits in zip(items, results, strict=True):
            # An earlier item of the same batch may have matched this one.
            if item.id not in duplicates:
                same = _not_different(store, item, hits, different) if different else hits
                duplicates.update(hit.id for hit in same)
                yield item.id, same
        remaining = [id for id in remaining if id not in duplicates]
        few = len(results.ids) < _MANY_HITS
        size = min(2 * size, _MAX_BATCH) if few else _MIN_BATCH


def _not_different(store: Store, item: Item, hits: Sequence[Hit], different: Container[frozenset[bytes]]) -> list[Hit]:
    items = store.items([hit.id for hit in hits])
    pairs = (frozenset((item.content, other.content)) for other in items)
    return [hit for hit, pair in zip(hits, pairs, strict=True) if pair not in different]
