"""Items that are nearly the same picture, in groups around the one that would be kept.

Items are walked in the order in which they came. One that lies within the radius of none that is kept is kept itself;
any other joins the nearest that is kept. So every item of a group lies within the radius of the group's first, and no
two that are kept do: delete the others, and no duplicates are left. Linking whatever is near into one group, as
connected components do, would chain pictures that are each like the next into groups whose ends are unlike. What is
added later never changes which items are kept.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from search.curation.auto_radius import CopyRadius, radius_of_copies
from search.searcher import Searcher
from storage import Hit, Item
from storage.console import printable

#: Items asked for at once: more as long as they find few.
_FEWEST_AT_ONCE = 8
_MOST_AT_ONCE = 1024
_MANY_FOUND = 20_000

#: Groups in the table; --json has them all.
_SHOWN = 50


@dataclass(frozen=True)
class Group:
    """The item that came first, and those within the radius of it, nearest first."""

    kept: Item
    others: tuple[Hit, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the group as JSON."""
        return {
            "kept": {"id": self.kept.id, "key": self.kept.key, "label": self.kept.label},
            "others": [
                {"id": hit.id, "key": hit.key, "label": hit.label, "distance": hit.distance} for hit in self.others
            ],
        }


@dataclass(frozen=True)
class Duplicates:
    """The groups of a store of so many items, the largest first, and of equally large ones those that are nearest.

    `auto` says how the radius was found, if it was not given.
    """

    radius: float
    items: int
    groups: tuple[Group, ...]
    auto: CopyRadius | None = None

    @property
    def others(self) -> int:
        """Return how many items are not the first of their group."""
        return sum(len(group.others) for group in self.groups)

    def as_json(self) -> dict[str, Any]:
        """Return the groups as JSON."""
        return {
            "radius": self.radius,
            "auto": None if self.auto is None else self.auto.as_json(),
            "items": self.items,
            "others": self.others,
            "groups": [group.as_json() for group in self.groups],
        }

    def summary(self) -> str:
        """Tell in a few lines what was found, and how the radius was if it was not given."""
        groups = f"{len(self.groups):,} group{'s' * (len(self.groups) != 1)}"
        found = f"{groups} of duplicates within {self.radius:.4g}: {self.others:,} of {self.items:,} items could go"
        more = f"; the {_SHOWN} largest:" if len(self.groups) > _SHOWN else ""
        return "\n".join([*([self.auto.sentence()] if self.auto else []), found + more])

    def table(self) -> Table:
        """Return the largest groups as a table to print."""
        table = Table()
        table.add_column("group", justify="right")
        table.add_column("distance", justify="right")
        table.add_column("label")
        table.add_column("id", justify="right")
        table.add_column("key")
        for number, group in enumerate(self.groups[:_SHOWN], start=1):
            table.add_row(*_cells(str(number), "", group.kept))
            for hit in group.others:
                table.add_row(*_cells("", f"{hit.distance:.4f}", hit), end_section=hit is group.others[-1])
        return table


def _cells(number: str, distance: str, item: Item | Hit) -> tuple[Text, ...]:
    label = printable(item.label) if item.label is not None else "-"
    return tuple(Text(cell) for cell in (number, distance, label, str(item.id), printable(item.key)))


def duplicates_of(searcher: Searcher, radius: float | None = None) -> Duplicates:
    """Return the groups of items within a radius, or within the one that `radius_of_copies` finds when none is given.

    Raise InvalidQuery for a radius that is none, RadiusUnknown when none can be found.
    """
    if radius is None:
        auto = radius_of_copies(searcher)
        return _grouped(searcher, auto.radius, auto)
    return _grouped(searcher, radius, None)


def _grouped(searcher: Searcher, radius: float, auto: CopyRadius | None) -> Duplicates:
    # Each item that is not kept: the nearest that is, and how it lies from there.
    joined: dict[int, tuple[int, Hit]] = {}
    for id, hits in _kept(searcher, radius, joined):
        for hit in hits:
            if hit.id not in joined or hit.distance < joined[hit.id][1].distance:
                joined[hit.id] = id, hit
    others: dict[int, list[Hit]] = {}
    for id, hit in joined.values():
        others.setdefault(id, []).append(hit)
    groups = [
        Group(item, tuple(sorted(others[item.id], key=lambda hit: (hit.distance, hit.id))))
        for item in searcher.store.items(sorted(others))
    ]
    groups.sort(key=lambda group: (-len(group.others), group.others[0].distance, group.kept.id))
    return Duplicates(radius, len(searcher), tuple(groups), auto)


def _kept(searcher: Searcher, radius: float, joined: Container[int]) -> Iterator[tuple[int, list[Hit]]]:
    """Walk the ids that are kept with what lies within the radius of each; `joined` has those found so far."""
    ids, _ = searcher.store.all_vectors()
    left = ids.tolist()
    at_once = _FEWEST_AT_ONCE
    while left:
        some, left = left[:at_once], left[at_once:]
        answers = searcher.store.within(searcher.store.vectors(some), radius, exclude=[[id] for id in some])
        for id, hits in zip(some, answers, strict=True):
            # One of those asked at once may have been found by another meanwhile.
            if id not in joined:
                yield id, hits
        left = [id for id in left if id not in joined]
        few = sum(map(len, answers)) < _MANY_FOUND
        at_once = min(2 * at_once, _MOST_AT_ONCE) if few else _FEWEST_AT_ONCE
