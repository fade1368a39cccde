"""k-nearest-neighbour classification: predict a label by the vote of the nearest items."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

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
        table.caption = Text(self._vote())
        table.caption_justify = "left"
        return table

    def __str__(self) -> str:
        return plain_text([self.table()])

    def _repr_html_(self) -> str:
        # Imported here, as in all results: most are never shown in a notebook.
        from search.notebook import html_strip, html_title

        result = self.result
        return html_title(self._vote()) + html_strip(
            result.query, result.hits, result.item, result.image, result.thumbnails, label=self.label
        )

    def _vote(self) -> str:
        label = "no label" if self.label is None else f"label {printable(self.label)}"
        return f"{label}, {self.share:.0%} of the votes"


@dataclass(frozen=True)
class Predictions(Sequence[Prediction]):
    """The predictions for many images, in their order."""

    predictions: tuple[Prediction, ...]

    def __len__(self) -> int:
        return len(self.predictions)

    @overload
    def __getitem__(self, index: int) -> Prediction: ...
    @overload
    def __getitem__(self, index: slice) -> "Predictions": ...
    def __getitem__(self, index: int | slice) -> "Prediction | Predictions":
        return Predictions(self.predictions[index]) if isinstance(index, slice) else self.predictions[index]

    def __str__(self) -> str:
        return plain_text([prediction.table() for prediction in self.predictions])

    def _repr_html_(self) -> str:
        return "\n".join(prediction._repr_html_() for prediction in self.predictions)


def classify(hits: Sequence[Hit]) -> tuple[str | None, float]:
    """Return the label that most hits have and its share of the votes.

    A tie goes to the label whose hits have the smaller sum of distances, then to the label of the nearest hit.
    """
    distances: dict[str, list[float]] = {}
    for hit in hits:
        if hit.label is not None:
            distances.setdefault(hit.label, []).append(hit.distance)
    if not distances:
        return None, 0.0
    # min returns the first of equals, and the label of the nearest hit was inserted first.
    label = min(distances, key=lambda label: (-len(distances[label]), sum(distances[label])))
    return label, len(distances[label]) / sum(map(len, distances.values()))
