"""Which colour each label has in a picture: one of its own for up to twenty, grey for the rarer ones beyond."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.figures import palette
from search.figures.text_fitting import legible

_MOST_LETTERS = 18


@dataclass(frozen=True)
class LabelGroup:
    """Items in one colour: those of one label, or, where `rest` is true, of all labels that have no colour.

    `mine` tells which items they are, (n,) bool.
    """

    name: str
    bold_name: str
    colour: str
    mine: NDArray[np.bool_]
    rest: bool = False


def label_groups(labels: Sequence[str | None]) -> list[LabelGroup]:
    """Return a group for each label, in order; beyond twenty, the rarer ones are one grey group, which comes first."""
    counts = Counter(labels)
    many = len(counts) > len(palette.LABELS)
    coloured = dict(counts.most_common(len(palette.LABELS) - 1)) if many else counts
    ordered = sorted(coloured, key=lambda label: (label is not None, label or ""))
    groups = [
        _group(label, colour, np.array([one == label for one in labels]))
        for label, colour in zip(ordered, palette.LABELS, strict=False)
    ]
    rest = np.array([one not in coloured for one in labels])
    return [LabelGroup("others", "others", palette.REST, rest, rest=True), *groups] if many else groups


def _group(label: str | None, colour: str, mine: NDArray[np.bool_]) -> LabelGroup:
    if label is None:
        return LabelGroup("(no label)", "(no label)", colour, mine)
    return LabelGroup(legible(label, _MOST_LETTERS), legible(label, _MOST_LETTERS, "bold"), colour, mine)
