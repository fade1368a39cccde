"""Group items within a radius around a representative (leader clustering).

Hartigan, "Clustering Algorithms", 1975, chapter 3: items are visited in id order, and an item farther than the radius
from every representative becomes a representative itself. Unlike there, any other item joins the nearest
representative, not the first. So every item of a group lies within the radius of its representative, and no two
representatives lie within the radius of each other. Connected components would instead chain images into groups whose
ends are far apart. Items added later never change the representatives of earlier ones.
"""

from collections.abc import Container, Iterator, Sequence

import numpy as np

from search.curation.duplicate_group import DuplicateGroup, Kind, Member
from search.curation.keep_rule import KeepRule, stored_pictures
from storage import Hit, Item, Store
from storage.types.query import Query

#: Queries of one range search: the batch size doubles as long as batches have fewer hits than this.
_MIN_BATCH = 8
_MAX_BATCH = 1024
_MANY_HITS = 20_000


def groups_within(
    store: Store, radius: float, rule: KeepRule, different: Container[frozenset[bytes]] = frozenset()
) -> list[DuplicateGroup]:
    """Return the groups of items within a radius, whose pictures are not compared; raise InvalidQuery.

    A pair of contents in `different` is never within the radius.
    """
    return list(_compared_by_distance(store, _groups_within(store, radius, different), rule))


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
