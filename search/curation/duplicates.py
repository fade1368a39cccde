"""Find groups of duplicates in a store: copies of the same picture, or all items within a radius."""

from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Column, Table
from rich.text import Text

from search.curation.calibration import Calibration, copied_sample
from search.curation.candidate_pairs import candidate_pairs
from search.curation.checked_pairs import GroupMaker, check_groups, check_pairs
from search.curation.different_pairs import different_pairs
from search.curation.duplicate_group import DuplicateGroup, Kind, Member
from search.curation.groups_within import groups_within
from search.curation.item_pictures import ItemPictures
from search.curation.keep_rule import KeepRule
from search.explorer_page import FILE, ExplorerPage, explore_result
from search.notebook import MAX_STRIPS, html_strip, html_strips
from search.results import plain_text, query_name
from search.searcher import Searcher
from search.store_thumbnails import StoreThumbnails, Thumbnails, no_thumbnails
from storage import Store
from storage.console import counted, printable, right_aligned
from storage.types.items import SourcedItem

#: Items read at once.
_PAGE = 4096

#: Groups in the table; --json prints all.
_TABLE_GROUPS = 50


@dataclass(frozen=True)
class Between:
    """The two parts of a store between which leaks are sought, in words, and how many items the second has."""

    first: str
    second: str
    second_count: int

    def as_json(self) -> dict[str, Any]:
        """Return the parts as JSON."""
        return {"first": self.first, "second": self.second, "items": self.second_count}


@dataclass(frozen=True)
class Duplicates:
    """The groups among `item_count` items, the largest first, and of equal sizes the one with the nearest pair.

    `radius` is the one that was given; without one `auto` says what share of copies is expected to be found. For leaks
    `between` two parts of a store, `item_count` is that of the first; each group is an item of the second to keep, with
    copies of it in the first.
    """

    radius: float | None
    item_count: int
    groups: tuple[DuplicateGroup, ...]
    auto: Calibration | None = None
    thumbnails: Thumbnails = field(default=no_thumbnails, repr=False, compare=False)
    between: Between | None = None

    def __str__(self) -> str:
        return f"{self.summary()}\n{plain_text([self.table()])}"

    def _repr_html_(self) -> str:
        strips = [_html_strip(group, self.thumbnails) for group in self.groups[:MAX_STRIPS]]
        return html_strips(self.summary(), strips, len(self.groups))

    def explore(self, out: str | Path = FILE, *, force: bool = False) -> ExplorerPage:
        """Write a page of the store that opens on the groups, as `search.explore` does; raise StoreClosed."""
        return explore_result(self, self.thumbnails, out, force=force)

    @property
    def duplicate_count(self) -> int:
        """Return how many items are not to be kept."""
        return sum(not member.keep for group in self.groups for member in group.others)

    def as_json(self) -> dict[str, Any]:
        """Return the groups as JSON."""
        return {
            "radius": self.radius,
            "auto": None if self.auto is None else self.auto.as_json(),
            "between": None if self.between is None else self.between.as_json(),
            "items": self.item_count,
            "others": self.duplicate_count,
            "groups": [group.as_json() for group in self.groups],
        }

    def summary(self) -> str:
        """Return a line with the counts, and without a radius lines with the kinds of copies and the forecast."""
        counts = self._counts()
        more = f"; the {_TABLE_GROUPS} largest:" if len(self.groups) > _TABLE_GROUPS else ""
        if self.auto is None:
            return counts + more
        kinds = Counter(str(member.kind) for group in self.groups for member in group.others)
        by_kind = ", ".join(f"{kinds[kind]:,} {kind}" for kind in Kind if kinds[kind])
        return "\n".join([self.auto.sentence(), *([by_kind] if by_kind else []), counts + more])

    def _counts(self) -> str:
        within = "" if self.radius is None else f" within {self.radius:.4g}"
        if self.between is None:
            groups = f"{counted(len(self.groups), 'group')} of duplicates"
            return f"{groups}{within}: {self.duplicate_count:,} of {self.item_count:,} items could be deleted"
        parts = self.between
        relation = "are copies" if self.radius is None else f"are{within}"
        leaked = sum(not all(member.keep for member in group.others) for group in self.groups)
        return (
            f"{self.duplicate_count:,} of {self.item_count:,} items with {parts.first} {relation} of {leaked:,} of "
            f"{parts.second_count:,} with {parts.second}"
        )

    def table(self) -> Table:
        """Return the largest groups as a table to print."""
        names = ("group", "distance", "sure")
        table = Table(*right_aligned(*names), Column("kind", no_wrap=True), Column("key", overflow="fold"), "differs")
        for number, group in enumerate(self.groups[:_TABLE_GROUPS], start=1):
            table.add_row(str(number), "", "", "keep", _key_of(group.kept))
            for member in group.others:
                sure = "" if member.confidence is None else f"{member.confidence:.0%}"
                differs = Text(", ".join(printable(name) for name in member.differs_from(group.kept)))
                cells = "", f"{member.distance:.4f}", sure, str(member.kind), _key_of(member), differs
                table.add_row(*cells, end_section=member is group.others[-1])
        return table


def _key_of(member: Member) -> Text:
    return Text(printable(member.key))


def _html_strip(group: DuplicateGroup, thumbnails: Thumbnails) -> str:
    hits = [member.as_hit(rank) for rank, member in enumerate(group.others, start=1)]
    return html_strip(query_name(group.kept.item), hits, group.kept.item, None, thumbnails)


def find_duplicates(
    searcher: Searcher,
    radius: float | None = None,
    *,
    check: bool = False,
    keep: Sequence[str] = (),
    different: Container[frozenset[bytes]] | None = None,
    on_stage: Callable[[str], None] = lambda _: None,
) -> Duplicates:
    """Return the groups of pictures that are copies of each other, or with a radius of those within it.

    Without a radius pairs that are near for what is usual around them are compared, picture by picture, and it is
    foretold how many copies that finds; with one only if `check` says so. `keep` are the rules of `KeepRule`, in order.
    `different` has pairs of content digests (32 bytes each) that are no duplicates, however alike; by default those
    that people called so in plans. `on_stage` is told how far the comparison has come. Raise InvalidQuery unless the
    radius is finite and at least 0 or for a rule that is empty, RadiusUnknown when there are no pictures to compare, or
    DecisionsUnusable.
    """
    rule, store = KeepRule(keep), searcher.store
    if different is None:
        different = different_pairs(store)
    calibration = None
    if radius is None:
        groups, calibration = _checked_groups(searcher, rule, different, on_stage)
    else:
        groups = groups_within(store, radius, rule, different)
        if check:
            groups = check_groups(store, groups)
    groups.sort(key=lambda group: (-len(group.others), group.others[0].distance, group.kept.id))
    return Duplicates(radius, len(searcher), tuple(groups), calibration, StoreThumbnails(store))


def stored_items(store: Store) -> list[SourcedItem]:
    """Return all items of a store as they were after one batch, in id order."""
    return store.read_whole(lambda: [item for page, _ in store.sourced_pages(_PAGE) for item in page])


def _checked_groups(
    searcher: Searcher, rule: KeepRule, different: Container[frozenset[bytes]], on_stage: Callable[[str], None]
) -> tuple[list[DuplicateGroup], Calibration]:
    """Return the groups of pictures that a second look calls copies, and what it is expected to find."""
    store = searcher.store
    items = stored_items(store)
    pictures = ItemPictures(store, items)
    # First, since the network's weights may be missing.
    sample = copied_sample(searcher, pictures)
    candidates = candidate_pairs(store, [item.item for item in items], different)
    checked = check_pairs(candidates, pictures, on_stage)
    groups = list(GroupMaker(store, items, candidates, checked, pictures, rule, different).groups())
    confidences = [member.confidence or 0.0 for group in groups for member in group.others]
    return groups, sample.calibration(checked.share, confidences, candidates.left_out)
