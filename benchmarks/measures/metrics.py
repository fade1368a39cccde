"""Metrics of retrieval quality, computed from the labels of each query's hits, nearest first."""

import math
from collections.abc import Mapping, Sequence

Labels = Sequence[str]


def recall_at(k: int, truth: Labels, hit_labels: Sequence[Labels]) -> float:
    """Return the share of queries with at least one hit of their own label among the first k."""
    return sum(label in hits[:k] for label, hits in zip(truth, hit_labels, strict=True)) / len(truth)


def mean_average_precision(k: int, truth: Labels, hit_labels: Sequence[Labels], relevant: Mapping[str, int]) -> float:
    """Return mAP@k; `relevant` counts the stored items of each label.

    A query's average precision is the sum of the precision at each right hit among the first k, divided by the
    largest possible number of right hits, min(k, relevant). Manning, Raghavan and Schütze, "Introduction to Information
    Retrieval", 2008, section 8.4.
    """
    total = 0.0
    for label, hits in zip(truth, hit_labels, strict=True):
        right = 0
        precision = 0.0
        for rank, hit in enumerate(hits[:k], start=1):
            if hit == label:
                right += 1
                precision += right / rank
        possible = min(k, relevant.get(label, 0))
        total += precision / possible if possible else 0.0
    return total / len(truth)


def confusion(names: Labels, truth: Labels, predicted: Labels) -> list[list[int]]:
    """Return counts by true label (rows) and predicted label (columns), both in the order of `names`."""
    position = {name: index for index, name in enumerate(names)}
    matrix = [[0] * len(names) for _ in names]
    for label, guess in zip(truth, predicted, strict=True):
        matrix[position[label]][position[guess]] += 1
    return matrix


def wilson_interval(proportion: float, count: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a proportion observed in `count` trials.

    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
    """
    z = 1.959964
    spread = 1 + z * z / count
    middle = (proportion + z * z / (2 * count)) / spread
    half = z * math.sqrt(proportion * (1 - proportion) / count + z * z / (4 * count * count)) / spread
    return max(0.0, middle - half), min(1.0, middle + half)


#: Two-sided 5 % quantiles of Student's t distribution, by degrees of freedom.
_T95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


def t_interval(proportions: Sequence[float]) -> tuple[float, float]:
    """Return Student's 95 % confidence interval of the mean of a proportion that was measured 2 to 10 times.

    Student, "The Probable Error of a Mean", 1908.
    """
    count = len(proportions)
    mean = sum(proportions) / count
    variance = sum((proportion - mean) ** 2 for proportion in proportions) / (count - 1)
    half = _T95[count - 1] * math.sqrt(variance / count)
    return max(0.0, mean - half), min(1.0, mean + half)
