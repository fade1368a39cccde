"""k-nearest-neighbour classification: predict a label by the vote of the nearest items."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from search.results import QueryResult, plain_text
from storage import Hit
from storage.console import printable


@dataclass(frozen=True)
class Prediction:
    """The label that most of the nearest items have, and its share of the votes, 0 to 1.

    Items without a label have no vote; without any vote the label is None and the share 0.
    """

    label: str | None
    share: float
    result: QueryResult

    def table(self) -> Table:
        """Return the voters and the prediction as a table to print."""
        table = self.result.table()
        label = "no label" if self.label is None else f"label {printable(self.label)}"
        table.caption = Text(f"{label}, {self.share:.0%} of the votes")
        table.caption_justify = "left"
        return table

    def __str__(self) -> str:
        return plain_text([self.table()])


def classify(hits: Sequence[Hit]) -> tuple[str | None, float]:
    """Return the label that most hits have and its share of the votes.

    Of labels with equally many votes, the one whose hits have the smaller sum of distances wins, then the label of the
    nearest hit.
    """
    votes: dict[str, tuple[int, float]] = {}
    for hit in hits:
        if hit.label is not None:
            count, distance = votes.get(hit.label, (0, 0.0))
            votes[hit.label] = (count - 1, distance + hit.distance)
    if not votes:
        return None, 0.0
    # The first of equals was inserted first: it is the label of the nearest hit.
    label = min(votes, key=votes.__getitem__)
    return label, votes[label][0] / sum(count for count, _ in votes.values())
