"""Group items that are nearly the same image around a representative (leader clustering).

Hartigan, "Clustering Algorithms", 1975, chapter 3: items are visited in id order, and an item farther than the radius
from every representative becomes a representative itself. Unlike there, any other item joins the nearest
representative, not the first. So every item of a group lies within the radius of its representative, and no two
representatives lie within the radius of each other: a store whose duplicates are deleted has no more. Connected
components would instead chain images into groups whose ends are far apart. Items added later never change the
representatives of earlier ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table
from rich.text import Text

from search.curation.auto_radius import AutoRadius, find_auto_radius
from search.notebook import MAX_STRIPS, html_strip, html_strips
from search.results import identity, plain_text, query_name
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
class DuplicateGroup:
    """The representative, which has the lowest id, and its duplicates, nearest first."""

    representative: Item
    duplicates: tuple[Hit, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the group as JSON."""
        return {
            "kept": identity(self.representative),
            "others": [identity(hit) | {"distance": hit.distance} for hit in self.duplicates],
        }


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
        strips = [
            html_strip(query_name(group.representative), group.duplicates, group.representative, None, self.thumbnails)
            for group in self.groups[:MAX_STRIPS]
        ]
        return html_strips(self.summary(), strips, len(self.groups))

    @property
    def duplicate_count(self) -> int:
        """Return how many items are not the representative of their group."""
        return sum(len(group.duplicates) for group in self.groups)

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
        table = Table(*right_aligned("group", "distance"), "label", *right_aligned("id"), "key")
        for number, group in enumerate(self.groups[:_TABLE_GROUPS], start=1):
            table.add_row(*_cells(str(number), "", group.representative))
            for hit in group.duplicates:
                table.add_row(*_cells("", f"{hit.distance:.4f}", hit), end_section=hit is group.duplicates[-1])
        return table


def _cells(number: str, distance: str, item: Item | Hit) -> tuple[Text, ...]:
    label = printable(item.label) if item.label is not None else "-"
    return tuple(Text(cell) for cell in (number, distance, label, str(item.id), printable(item.key)))


def find_duplicates(searcher: Searcher, radius: float | None = None) -> Duplicates:
    """Return the groups of items within a radius, by default the one of `find_auto_radius`.

    Raise InvalidQuery unless the radius is finite and at least 0, or RadiusUnknown when none can be chosen.
    """
    auto = None
    if radius is None:
        auto = find_auto_radius(searcher)
        radius = auto.radius
    # By the id of each duplicate: the nearest representative so far, and the duplicate as a hit of it.
    nearest: dict[int, tuple[Item, Hit]] = {}
    for representative, hits in _representatives(searcher.store, radius):
        for hit in hits:
            if hit.id not in nearest or hit.distance < nearest[hit.id][1].distance:
                nearest[hit.id] = representative, hit
    duplicates: dict[int, tuple[Item, list[Hit]]] = {}
    for representative, hit in nearest.values():
        duplicates.setdefault(representative.id, (representative, []))[1].append(hit)
    groups = [
        DuplicateGroup(representative, tuple(sorted(hits, key=lambda hit: (hit.distance, hit.id))))
        for representative, hits in duplicates.values()
    ]
    groups.sort(key=lambda group: (-len(group.duplicates), group.duplicates[0].distance, group.representative.id))
    return Duplicates(radius, len(searcher), tuple(groups), auto, StoreThumbnails(searcher.store))


def _representatives(store: Store, radius: float) -> Iterator[tuple[Item, list[Hit]]]:
    """Yield each representative with the items within its radius."""
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
                duplicates.update(hit.id for hit in hits)
                yield item, hits
        remaining = [id for id in remaining if id not in duplicates]
        few = len(results.ids) < _MANY_HITS
        size = min(2 * size, _MAX_BATCH) if few else _MIN_BATCH
