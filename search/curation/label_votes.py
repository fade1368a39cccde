"""The votes of neighbours for labels, of all items at once.

Neighbours are weighted by distance, as in Dudani, "The distance-weighted k-nearest-neighbor rule", 1976, but from 1
down to 1/2 instead of 0, so that every neighbour counts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]

#: Items whose votes are counted at once: k x k numbers each.
_BLOCK = 4096


@dataclass(frozen=True, eq=False)
class Votes:
    """What neighbours say of n items.

    `predicted` (n,) is the label that wins, by its number, `margin` (n,) its share of the votes minus that of the
    item's own label: 0 where that wins. `evidence` (n,) is the logarithm of the ratio of the two shares, with half a
    vote added to each: an own label that nobody votes for is stronger evidence the more neighbours vote.
    """

    predicted: _Integers
    margin: _Floats
    evidence: _Floats


def cast_votes(own: _Integers, labels: _Integers, distances: _Floats, voters: _Integers) -> Votes:
    """Return the votes on items of the labels `own`, (n,), by their nearest neighbours, (n, k), nearest first.

    Of each item the first `voters`, (n,), of its neighbours vote, at least one. Weights fall linearly with the
    distance, from 1 for the nearest to 1/2 for the farthest that votes; at equal distances all are 1. A tie goes to the
    item's own label if it is among the tied ones, otherwise to that of the nearest neighbour.
    """
    parts = [
        _block(own[part], labels[part], distances[part], voters[part])
        for start in range(0, len(own), _BLOCK)
        for part in (slice(start, start + _BLOCK),)
    ]
    if not parts:
        return Votes(np.empty(0, np.int64), np.empty(0), np.empty(0))
    return Votes(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _block(
    own: _Integers, labels: _Integers, distances: _Floats, voters: _Integers
) -> tuple[_Integers, _Floats, _Floats]:
    rows = np.arange(len(own))
    nearest, farthest = distances[:, 0], distances[rows, voters - 1]
    spread = np.where(farthest > nearest, farthest - nearest, 1.0)
    weights = 1 - (distances - nearest[:, None]) / spread[:, None] / 2
    weights[np.arange(labels.shape[1]) >= voters[:, None]] = 0
    total = weights.sum(axis=1)
    # The votes for the label of each neighbour, (n, k).
    votes = np.einsum("nkl,nl->nk", labels[:, :, None] == labels[:, None, :], weights)
    is_own = labels == own[:, None]
    for_own = (weights * is_own).sum(axis=1)
    votes[is_own | (weights == 0)] = -1
    # The first of equals is the nearest.
    winner = votes.argmax(axis=1)
    most = np.maximum(votes[rows, winner], 0)
    wins = most > for_own * (1 + 1e-12)
    predicted = np.where(wins, labels[rows, winner], own)
    margin = np.where(wins, (most - for_own) / total, 0.0)
    evidence = np.log((voters * most / total + 0.5) / (voters * for_own / total + 0.5))
    return predicted, margin, evidence
