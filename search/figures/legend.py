"""The colour and legend entry of each label: up to twenty labels have their own colour, rarer ones are grey."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.figures import palette
from search.figures.text_fitting import fit_letters

_MAX_LETTERS = 18


@dataclass(frozen=True)
class LabelGroup:
    """Items of one colour: those of one label or, when `others`, of all labels without a colour of their own.

    `mask`, (n,) bool, selects the items. `bold_name` is the name as it can be drawn in bold type.
    """

    name: str
    bold_name: str
    colour: str
    mask: NDArray[np.bool_]
    others: bool = False


def label_groups(labels: Sequence[str | None]) -> list[LabelGroup]:
    """Return a group for each label, in order; of more than twenty labels the rarer ones share the first group."""
    counts = Counter(labels)
    too_many = len(counts) > len(palette.LABEL_COLOURS)
    coloured = dict(counts.most_common(len(palette.LABEL_COLOURS) - 1)) if too_many else counts
    ordered = sorted(coloured, key=lambda label: (label is not None, label or ""))
    groups = [
        _group(group_label, colour, np.array([label == group_label for label in labels]))
        for group_label, colour in zip(ordered, palette.LABEL_COLOURS, strict=False)
    ]
    if not too_many:
        return groups
    mask = np.array([label not in coloured for label in labels])
    return [LabelGroup("others", "others", palette.OTHERS, mask, others=True), *groups]


def _group(label: str | None, colour: str, mask: NDArray[np.bool_]) -> LabelGroup:
    if label is None:
        return LabelGroup("(no label)", "(no label)", colour, mask)
    return LabelGroup(fit_letters(label, _MAX_LETTERS), fit_letters(label, _MAX_LETTERS, "bold"), colour, mask)
