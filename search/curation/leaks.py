"""Find leaks: pictures of one part of a store, such as its training data, that are copies of some of another part.

Only pairs across the two parts are compared, in the same way and by the same decision as for duplicates. Each picture
of the first part is listed with the one of the second that it is most surely a copy of. That one is to be kept: a test
set stays what it is.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from search.curation.calibration import copied_sample
from search.curation.candidate_pairs import MAX_PAIRS, NEAREST, surroundings
from search.curation.checked_pairs import CheckedPairs, Pair, check_pairs
from search.curation.copy_confidence import LIMIT
from search.curation.different_pairs import different_pairs
from search.curation.duplicate_group import DuplicateGroup, Kind, Member
from search.curation.duplicates import Between, Duplicates, stored_items
from search.curation.item_pictures import ItemPictures
from search.curation.keep_rule import stored_pictures
from search.curation.pair_kind import kind_of_copy
from search.searcher import Searcher
from search.selected_ids import selected_ids
from search.store_thumbnails import StoreThumbnails
from storage import Item, Store, Where
from storage.errors import InvalidQuery
from storage.types.items import SourcedItem
from storage.types.query import Query

#: Queries of one search.
_BATCH = 1024

#: The kind of a pair and its confidence, if its pictures were compared.
_Decision = tuple[Kind, float | None]


def find_leaks(
    searcher: Searcher,
    first: Where,
    second: Where,
    radius: float | None = None,
    *,
    check: bool = False,
    names: tuple[str, str] = ("the first filter", "the second filter"),
    different: Container[frozenset[bytes]] | None = None,
    on_stage: Callable[[str], None] = lambda _: None,
) -> Duplicates:
    """Return the items that fulfil `first` and are copies of items that fulfil `second`, grouped by these.

    `names` say in words what the filters select; all else is as in `find_duplicates`. Raise InvalidQuery for a filter
    without meaning, one that selects nothing, or two that select the same item; else as `find_duplicates`.
    """
    store = searcher.store
    if different is None:
        different = different_pairs(store)
    parts = _parts(store, (first, second), names)
    items = {item.item.id: item for item in stored_items(store)}
    pictures = ItemPictures(store, list(items.values()))
    # First, since the network's weights may be missing.
    sample = copied_sample(searcher, pictures) if radius is None else None
    decisions = _same_files(items, parts, different)
    ids = [[id for id in parts[0] if id not in {pair[0] for pair in decisions}], list(parts[1])]
    near = _near_pairs(store, ids, (first, second), radius)
    contents = {id: item.item.content for id, item in items.items()}
    near = {pair: near[pair] for pair in near if frozenset((contents[pair[0]], contents[pair[1]])) not in different}
    around = surroundings(store)
    left_out = 0
    if radius is None:
        ratios = {pair: around.ratio(*pair, distance) for pair, distance in near.items()}
        nearest = sorted(near, key=lambda pair: ratios[pair])
        near = {pair: near[pair] for pair in nearest[:MAX_PAIRS]}
        left_out = len(nearest) - len(near)
    checked = CheckedPairs({})
    if check or radius is None:
        checked = check_pairs(replace(around, distances=near, left_out=left_out), pictures, on_stage)
    for pair in near:
        kind, confidence = _decision(pair, checked, items, pictures)
        if kind.is_copy or radius is not None:
            decisions[pair] = kind, confidence
    groups = sorted(
        _groups(store, decisions, items, pictures, names),
        key=lambda group: (-len(group.others), group.others[0].distance, group.kept.id),
    )
    calibration = None
    if sample is not None:
        sure = [member.confidence or 0.0 for group in groups for member in group.others]
        calibration = sample.calibration(checked.share, sure, left_out)
    between = Between(*names, len(parts[1]))
    return Duplicates(radius, len(parts[0]), tuple(groups), calibration, StoreThumbnails(store), between)


def _parts(store: Store, filters: tuple[Where, Where], names: tuple[str, str]) -> list[list[int]]:
    """Return the ids of the items of each filter; raise InvalidQuery if they are no two parts of the store."""
    parts = [selected_ids(store, where).tolist() for where in filters]
    for where, name, part in zip(filters, names, parts, strict=True):
        if not part:
            missing = store.missing_fields(where)
            fields = f"; no item has the field {missing[0]!r}, of {', '.join(store.field_names())}" if missing else ""
            raise InvalidQuery(f"expected items with {name} to compare, got none{fields}")
    both = sorted(set(parts[0]).intersection(parts[1]))
    if both:
        key = store.items(both[:1])[0].key
        raise InvalidQuery(
            f"expected no item with both {names[0]} and {names[1]}, got {len(both):,}, such as {key!r}: name two "
            "values that no item has at once"
        )
    return parts


def _same_files(
    items: Mapping[int, SourcedItem], parts: Sequence[Sequence[int]], different: Container[frozenset[bytes]]
) -> dict[Pair, _Decision]:
    """Return the items of the first part with the bytes of one of the second, each with the first such one."""
    there: dict[bytes, int] = {}
    for id in parts[1]:
        there.setdefault(items[id].item.content, id)
    contents = {id: items[id].item.content for id in parts[0]}
    return {
        (id, there[content]): (Kind.IDENTICAL_FILE, 1.0)
        for id, content in contents.items()
        if content in there and frozenset((content,)) not in different
    }


def _near_pairs(
    store: Store, ids: Sequence[Sequence[int]], filters: tuple[Where, Where], radius: float | None
) -> dict[Pair, float]:
    """Return the distances of items of the one part and their nearest of the other, the first part's id first."""
    wanted = set(ids[0])
    pairs: dict[Pair, float] = {}
    for part, where in ((0, filters[1]), (1, filters[0])):
        query = Query.checked(NEAREST, radius=radius, where=where)
        for start in range(0, len(ids[part]), _BATCH):
            asked, hits = store.search_by_id(ids[part][start : start + _BATCH], query)
            for item, others in zip(asked, hits, strict=True):
                for hit in others:
                    pair = (item.id, hit.id) if part == 0 else (hit.id, item.id)
                    if pair[0] in wanted:
                        pairs[pair] = hit.distance
    return pairs


def _decision(pair: Pair, checked: CheckedPairs, items: Mapping[int, SourcedItem], pictures: ItemPictures) -> _Decision:
    seen = checked.evidence.get(pair)
    if seen is None:
        return Kind.LOOKS_ALIKE, None
    confidence = seen.confidence(checked.share)
    if confidence < LIMIT:
        return Kind.LOOKS_ALIKE, confidence
    kind = kind_of_copy(items[pair[1]].item, items[pair[0]].item, seen.look, pictures)
    return kind, 1.0 if kind is Kind.IDENTICAL_PIXELS else confidence


def _groups(
    store: Store,
    decisions: Mapping[Pair, _Decision],
    items: Mapping[int, SourcedItem],
    pictures: ItemPictures,
    names: tuple[str, str],
) -> Iterator[DuplicateGroup]:
    """Yield a group for each item of the second part: it, and the items of the first that are copies of it rather."""
    ids = sorted({id for pair in decisions for id in pair})
    vectors = dict(zip(ids, store.vectors(ids).astype(np.float64), strict=True))
    paths = {
        picture.item.id: None if picture.gone or picture.item.id in pictures.changed else picture.path
        for picture in stored_pictures([items[id] for id in ids])
    }
    best: dict[int, Member] = {}
    kept: dict[int, int] = {}
    for (id, other), (kind, confidence) in decisions.items():
        distance = float(np.linalg.norm(vectors[id] - vectors[other]))
        reason = "looks alike, but is no copy" if confidence is not None and not kind.is_copy else f"has {names[0]}"
        keep = confidence is not None and not kind.is_copy
        member = Member(items[id].item, distance, kind, confidence, keep, reason, paths[id])
        if id not in best or _rank(member, other) < _rank(best[id], kept[id]):
            best[id], kept[id] = member, other
    groups: dict[int, list[Member]] = defaultdict(list)
    for id, member in best.items():
        groups[kept[id]].append(member)
    for other, members in groups.items():
        item: Item = items[other].item
        first = Member(item, 0.0, Kind.IDENTICAL_FILE, 1.0, True, f"has {names[1]}", paths[other])
        members.sort(key=lambda member: (member.confidence or 0.0, member.distance, member.id))
        yield DuplicateGroup((first, *members))


def _rank(member: Member, other: int) -> tuple[float, float, int]:
    """Return what orders the pairs of an item: the surest first, then the nearest."""
    return -(member.confidence or 0.0), member.distance, other
