"""How many items each label has."""

from collections.abc import Mapping

#: By label, in order of the labels and None last.
LabelCounts = dict[str | None, int]


def in_order(counts: Mapping[str | None, int]) -> LabelCounts:
    """Return counts by label in order of the labels, None last."""
    return dict(sorted(counts.items(), key=lambda pair: (pair[0] is None, pair[0] or "")))
