"""Take a second look at pairs of items, and group those that are copies of each other.

A group is an item and those that are copies of it, the item with the most copies first: each member was compared with
it. Connected components would instead chain pictures into groups whose ends have nothing in common.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from search.curation.candidate_pairs import CandidatePairs, surroundings
from search.curation.copy_confidence import LIMIT, Evidence, share_of_copies
from search.curation.duplicate_group import DuplicateGroup, Kind, Member
from search.curation.item_pictures import ItemPictures
from search.curation.keep_rule import KeepRule, StoredPicture, stored_pictures
from search.curation.pair_kind import kind_of_copy
from search.curation.second_look import look
from search.curation.visible_border import bordered
from storage import Store
from storage.types.items import SourcedItem

Pair = tuple[int, int]

#: Seconds between two messages.
_PATIENCE = 5.0


@dataclass(frozen=True)
class CheckedPairs:
    """What was seen of pairs of ids, the lower one first, and which share of them are copies by that."""

    evidence: Mapping[Pair, Evidence]

    @cached_property
    def share(self) -> float:
        """Return the share of the pairs that are copies."""
        return share_of_copies(list(self.evidence.values()))

    def copies(self) -> dict[Pair, float]:
        """Return the pairs that are called copies, with their confidence."""
        sure = {pair: evidence.confidence(self.share) for pair, evidence in self.evidence.items()}
        return {pair: confidence for pair, confidence in sure.items() if confidence >= LIMIT}


def check_pairs(
    candidates: CandidatePairs, pictures: ItemPictures, on_stage: Callable[[str], None] = lambda _: None
) -> CheckedPairs:
    """Compare the pictures of all candidate pairs; one without a picture is left out."""
    if candidates.left_out:
        on_stage(
            f"comparing the {len(candidates.distances):,} nearest pairs of pictures; {candidates.left_out:,} that are "
            "farther for what is usual around them are left out"
        )
    evidence: dict[Pair, Evidence] = {}
    started = told = time.monotonic()
    for number, (pair, distance) in enumerate(candidates.distances.items()):
        if time.monotonic() - told > _PATIENCE:
            told = time.monotonic()
            left = (told - started) / number * (len(candidates.distances) - number)
            on_stage(f"compared {number:,} of {len(candidates.distances):,} pairs of pictures, {left:.0f} s to go")
        seen = see(pair, distance, candidates, pictures)
        if seen is not None:
            evidence[pair] = seen
    return CheckedPairs(evidence)


def see(pair: Pair, distance: float, candidates: CandidatePairs, pictures: ItemPictures) -> Evidence | None:
    """Return what is seen of a pair of items, None if one has no picture."""
    first, second = (pictures.prepared(id) for id in pair)
    if first is None or second is None:
        return None
    return Evidence(look(first, second), candidates.ratio(*pair, distance), candidates.sparsity(*pair))


class GroupMaker:
    """Makes groups of checked pairs; the items are all of the store."""

    def __init__(
        self,
        store: Store,
        items: Sequence[SourcedItem],
        candidates: CandidatePairs,
        checked: CheckedPairs,
        pictures: ItemPictures,
        rule: KeepRule,
        different: Container[frozenset[bytes]],
    ) -> None:
        self._store = store
        self._items = {item.item.id: item for item in items}
        self._candidates = candidates
        self._checked = checked
        self._pictures = pictures
        self._rule = rule
        self._different = different
        self._same_content: dict[bytes, list[int]] = defaultdict(list)
        for item in items:
            self._same_content[item.item.content].append(item.item.id)

    def groups(self) -> Iterator[DuplicateGroup]:
        """Yield the groups, those of the same content too."""
        copies: dict[int, dict[int, float]] = defaultdict(dict)
        for (first, second), confidence in self._checked.copies().items():
            copies[first][second] = copies[second][first] = confidence
        for ids in self._same_content.values():
            if len(ids) > 1 and frozenset((self._items[ids[0]].item.content,)) not in self._different:
                copies.setdefault(ids[0], {})
        grouped: set[int] = set()
        for hub in sorted(copies, key=lambda item: (-sum(copies[item].values()), item)):
            members = {id: confidence for id, confidence in copies[hub].items() if id not in grouped}
            same = self._same_content[self._items[hub].item.content]
            if hub not in grouped and (members or len(same) > 1):
                grouped |= {hub, *members}
                yield self._group({hub: 1.0} | members)

    def _group(self, confidences: Mapping[int, float]) -> DuplicateGroup:
        """Return the group of items, with their confidences to be copies of the first, and of all of their contents."""
        hub_confidence = {
            other: confidence
            for id, confidence in confidences.items()
            for other in self._same_content[self._items[id].item.content]
        }
        with_border = self._bordered(confidences)
        pictures = [
            replace(
                picture,
                gone=picture.gone or picture.item.id in self._pictures.changed,
                bordered=picture.item.content in with_border,
            )
            for picture in stored_pictures([self._items[id] for id in sorted(hub_confidence)])
        ]
        kept, *others = sorted(pictures, key=self._rule.rank)
        members = [self._member(picture, kept, hub_confidence) for picture in others]
        members.sort(key=lambda member: (member.confidence or 0.0, member.distance, member.id))
        first = Member(kept.item, 0.0, Kind.IDENTICAL_FILE, 1.0, True, self._rule.reason(kept, others[0]), kept.path)
        return DuplicateGroup((first, *members))

    def _bordered(self, ids: Iterable[int]) -> set[bytes]:
        """Return the contents of a group, its first item being that of which the others are copies, with a border."""
        hub, *others = ids
        contents = set()
        for other in others:
            pair = min(hub, other), max(hub, other)
            evidence = self._checked.evidence.get(pair)
            if evidence is None:
                continue
            first, second = map(self._pictures.prepared, pair)
            if first is not None and second is not None:
                flags = bordered(first, second, evidence.look)
                contents |= {
                    self._items[id].item.content for id, has_border in zip(pair, flags, strict=True) if has_border
                }
        return contents

    def _member(self, picture: StoredPicture, kept: StoredPicture, hub_confidence: Mapping[int, float]) -> Member:
        item, reason = picture.item, self._rule.reason(picture, kept)
        vectors = self._store.vectors([kept.item.id, item.id]).astype(np.float64)
        distance = float(np.linalg.norm(vectors[0] - vectors[1]))
        if item.content == kept.item.content:
            return Member(item, distance, Kind.IDENTICAL_FILE, 1.0, False, reason, picture.path)
        evidence = self._evidence(kept.item.id, item.id, distance)
        by_hub = hub_confidence[item.id] * hub_confidence[kept.item.id]
        direct = 0.0 if evidence is None else evidence.confidence(self._checked.share)
        kind = Kind.EDITED
        if evidence is not None and direct >= by_hub / 2:
            kind = kind_of_copy(kept.item, item, evidence.look, self._pictures)
        confidence = 1.0 if kind is Kind.IDENTICAL_PIXELS else max(direct, by_hub)
        return Member(item, distance, kind, confidence, False, reason, picture.path)

    def _evidence(self, first: int, second: int, distance: float) -> Evidence | None:
        """Return what is seen of two items, of whose contents the first were compared."""
        one, other = (self._same_content[self._items[id].item.content][0] for id in (first, second))
        pair = (min(one, other), max(one, other))
        if pair in self._checked.evidence:
            return self._checked.evidence[pair]
        return see(pair, distance, self._candidates, self._pictures)


def check_groups(store: Store, groups: Sequence[DuplicateGroup]) -> list[DuplicateGroup]:
    """Return groups within a radius with each picture compared with the one to keep; what is no copy of it is kept."""
    ids = sorted(member.id for group in groups for member in group.members)
    pictures = ItemPictures(store, store.sourced_items_by_id(ids))
    candidates = surroundings(store)
    evidence = {
        (group.kept.id, member.id): seen
        for group in groups
        for member in group.others
        if member.kind is not Kind.IDENTICAL_FILE
        and (seen := see((group.kept.id, member.id), member.distance, candidates, pictures)) is not None
    }
    checked = CheckedPairs(evidence)
    return [
        DuplicateGroup((group.kept, *(_checked(group.kept, member, checked, pictures) for member in group.others)))
        for group in groups
    ]


def _checked(kept: Member, member: Member, checked: CheckedPairs, pictures: ItemPictures) -> Member:
    seen = checked.evidence.get((kept.id, member.id))
    if seen is None:
        return member
    confidence = seen.confidence(checked.share)
    if confidence < LIMIT:
        return replace(member, confidence=confidence, keep=True, reason="looks alike, but is no copy")
    kind = kind_of_copy(kept.item, member.item, seen.look, pictures)
    return replace(member, kind=kind, confidence=1.0 if kind is Kind.IDENTICAL_PIXELS else confidence)
