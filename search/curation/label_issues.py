"""Items whose label is not what their neighbours say: perhaps labelled wrongly, at any rate worth a look.

Each item is left out of its own vote (leave-one-out), in which its nearest labelled neighbours each have a weight by
how near they are. Wilson, "Asymptotic properties of nearest neighbor rules using edited data", 1972, edits data so; the
weights are those of Dudani, "The distance-weighted k-nearest-neighbor rule", 1976, as far as all count for something.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from search.searcher import Searcher
from storage import Hit, Item
from storage.console import printable

#: Items asked for at once.
_BLOCK = 1024

#: Lines of the table; --json has them all.
_SHOWN = 50

_LABELLED = {"label": {"exists": True}}


@dataclass(frozen=True)
class Suspect:
    """An item whose neighbours say another label, the neighbours that were asked, and how sure they are.

    `sure` is the share of the votes for the label said, less the share for the item's own: above 0, at most 1.
    """

    item: Item
    said: str
    sure: float
    neighbours: tuple[Hit, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the suspect as JSON."""
        return {
            "id": self.item.id,
            "key": self.item.key,
            "label": self.item.label,
            "said": self.said,
            "sure": self.sure,
            "neighbours": [
                {"id": hit.id, "key": hit.key, "label": hit.label, "distance": hit.distance} for hit in self.neighbours
            ],
        }


@dataclass(frozen=True)
class Suspects:
    """All suspects of a store, the surest first, and how many items were asked about.

    `unlabelled` items have no label to doubt; `single` ones are alone with their label, so that none can confirm it.
    """

    k: int
    judged: int
    unlabelled: int
    single: int
    suspects: tuple[Suspect, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the suspects as JSON."""
        return {
            "k": self.k,
            "judged": self.judged,
            "unlabelled": self.unlabelled,
            "single": self.single,
            "suspects": [suspect.as_json() for suspect in self.suspects],
        }

    def summary(self) -> str:
        """Tell in a line what was found."""
        left = [f"{self.unlabelled:,} without a label"] * bool(self.unlabelled)
        left += [f"{self.single:,} alone with their label"] * bool(self.single)
        but = f" (not judged: {', '.join(left)})" if left else ""
        more = f"; the {_SHOWN} surest:" if len(self.suspects) > _SHOWN else ""
        return f"{len(self.suspects):,} of {self.judged:,} items have neighbours that say another label{but}{more}"

    def table(self) -> Table:
        """Return the surest suspects as a table to print."""
        table = Table()
        table.add_column("sure", justify="right")
        table.add_column("label")
        table.add_column("neighbours say")
        table.add_column("id", justify="right")
        table.add_column("key")
        for suspect in self.suspects[:_SHOWN]:
            item = suspect.item
            cells = (f"{suspect.sure:.2f}", item.label or "", suspect.said, str(item.id), item.key)
            table.add_row(*(Text(printable(cell)) for cell in cells))
        return table


def suspects_of(searcher: Searcher, k: int = 10) -> Suspects:
    """Return the items of a store whose label is not what most of their k nearest labelled neighbours have, by weight.

    Of a rare label, fewer neighbours are asked: as many as the label's other items could outvote. Raise InvalidQuery
    for k below 1.
    """
    store = searcher.store
    items = store.items()
    having = Counter(item.label for item in items)
    judged = [item for item in items if item.label is not None and having[item.label] > 1]
    found = []
    for item, hits in _neighbours(searcher, judged, k):
        asked = hits[: 2 * having[item.label] - 3]
        said, sure = vote(str(item.label), asked)
        if said != item.label:
            found.append(Suspect(item, said, sure, tuple(asked)))
    found.sort(key=lambda suspect: (-suspect.sure, suspect.neighbours[0].distance, suspect.item.id))
    single = sum(1 for label, count in having.items() if label is not None and count == 1)
    return Suspects(k, len(judged), having[None], single, tuple(found))


def _neighbours(searcher: Searcher, items: Sequence[Item], k: int) -> Iterator[tuple[Item, list[Hit]]]:
    """Walk items with their k nearest labelled neighbours; an item is left out of its own by its id."""
    for start in range(0, len(items), _BLOCK):
        some = items[start : start + _BLOCK]
        ids = [item.id for item in some]
        answers = searcher.store.nearest(searcher.store.vectors(ids), k, exclude=[[id] for id in ids], where=_LABELLED)
        yield from zip(some, answers, strict=True)


def vote(own: str, neighbours: Sequence[Hit]) -> tuple[str, float]:
    """Return the label that neighbours say, and how much larger its share of the votes is than that of `own`.

    The nearest has a weight of 1, the farthest of 1/2, and those between by their distance; where all are equally far,
    each has 1. Among labels with the same votes `own` is said, else the one whose nearest item is nearest.
    """
    near, far = neighbours[0].distance, neighbours[-1].distance
    votes: dict[str, float] = {}
    for hit in neighbours:
        weight = 1 - (hit.distance - near) / (far - near) / 2 if far > near else 1.0
        votes[str(hit.label)] = votes.get(str(hit.label), 0.0) + weight
    for_own = votes.get(own, 0.0)
    # The first of the largest: neighbours come nearest first.
    said = max(votes, key=lambda label: votes[label])
    if votes[said] <= for_own:
        return own, 0.0
    return said, (votes[said] - for_own) / sum(votes.values())
