"""Measures of retrieval quality, over the labels of each query's hits, nearest first."""

import math
from collections.abc import Mapping, Sequence

Labels = Sequence[str]


def recall_at(k: int, wanted: Labels, found: Sequence[Labels]) -> float:
    """Return the share of queries with at least one hit of their own label among the first k."""
    return sum(label in hits[:k] for label, hits in zip(wanted, found, strict=True)) / len(wanted)


def mean_average_precision(k: int, wanted: Labels, found: Sequence[Labels], relevant: Mapping[str, int]) -> float:
    """Return mAP@k; `relevant` counts the stored items of each label.

    A query's average precision is the sum of the precision at each right hit among the first k, divided by the
    most that could be right, min(k, relevant). Manning, Raghavan and Schütze, "Introduction to Information
    Retrieval", 2008, section 8.4.
    """
    total = 0.0
    for label, hits in zip(wanted, found, strict=True):
        right = 0
        precision = 0.0
        for rank, hit in enumerate(hits[:k], start=1):
            if hit == label:
                right += 1
                precision += right / rank
        possible = min(k, relevant.get(label, 0))
        total += precision / possible if possible else 0.0
    return total / len(wanted)


def confusion(names: Labels, wanted: Labels, predicted: Labels) -> list[list[int]]:
    """Return counts by true label (rows) and predicted label (columns), both in the order of `names`."""
    position = {name: index for index, name in enumerate(names)}
    matrix = [[0] * len(names) for _ in names]
    for truth, guess in zip(wanted, predicted, strict=True):
        matrix[position[truth]][position[guess]] += 1
    return matrix


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share seen in `count` trials.

    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
    """
    z = 1.959964
    spread = 1 + z * z / count
    middle = (share + z * z / (2 * count)) / spread
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / spread
    return max(0.0, middle - half), min(1.0, middle + half)


#: Student's t beyond which 5 % lie, on both sides, by degrees of freedom.
_T95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


def t_interval(shares: Sequence[float]) -> tuple[float, float]:
    """Return Student's 95 % interval of the mean of a share that was measured 2 to 10 times.

    Student, "The Probable Error of a Mean", 1908.
    """
    count = len(shares)
    mean = sum(shares) / count
    variance = sum((share - mean) ** 2 for share in shares) / (count - 1)
    half = _T95[count - 1] * math.sqrt(variance / count)
    return max(0.0, mean - half), min(1.0, mean + half)
