"""The style and legend entry of each label: as many as can be told apart have their own, rarer ones are grey."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.figures.label_styles import COUNT, OTHERS, LabelStyle, label_style
from search.figures.text_fitting import fit_letters

_MAX_LETTERS = 18


@dataclass(frozen=True)
class LabelGroup:
    """Items of one style: those of one label or, when `others`, of all labels without a style of their own.

    `mask`, (n,) bool, selects the items. `bold_name` is the name as it can be drawn in bold type.
    """

    name: str
    bold_name: str
    style: LabelStyle
    mask: NDArray[np.bool_]
    others: bool = False


def label_groups(labels: Sequence[str | None]) -> list[LabelGroup]:
    """Return a group for each label, in order; of more than can be told apart the rarer ones share the first group."""
    counts = Counter(labels)
    too_many = len(counts) > COUNT
    named = dict(counts.most_common(COUNT - 1)) if too_many else counts
    ordered = sorted(named, key=lambda label: (label is not None, label or ""))
    groups = [
        _group(group_label, label_style(number), np.array([label == group_label for label in labels]))
        for number, group_label in enumerate(ordered)
    ]
    if not too_many:
        return groups
    mask = np.array([label not in named for label in labels])
    return [LabelGroup("others", "others", OTHERS, mask, others=True), *groups]


def _group(label: str | None, style: LabelStyle, mask: NDArray[np.bool_]) -> LabelGroup:
    if label is None:
        return LabelGroup("(no label)", "(no label)", style, mask)
    return LabelGroup(fit_letters(label, _MAX_LETTERS), fit_letters(label, _MAX_LETTERS, "bold"), style, mask)
