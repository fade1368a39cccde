"""How sure it is that two pictures are copies of each other, by what a second look saw of them.

A logistic regression, fitted once (`python -m benchmarks confidence` does it again) on pairs that are near in vectors,
of which it is known whether they are copies, gives odds where copies are as common as others. How common they are among
the pairs of a store is then estimated from all their odds, by expectation maximisation (Saerens, Latinne and
Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities", 2002): among many pairs with few
copies a pair must look more like one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.curation.copy_regression import MODEL
from search.curation.second_look import Look

#: The confidence from which a pair is called a copy.
LIMIT = 0.4

#: With fewer features than this a picture is as good as empty: only the same colours tell of a copy.
_LEAST_FEATURES = 3
_EMPTY_COPY, _EMPTY_OTHER = 5.0, -5.0

#: Before any pair is seen, one copy among so many pairs is assumed.
_ASSUMED_PAIRS = 5

#: The rounds of expectation maximisation, which has long converged then.
_ROUNDS = 200


@dataclass(frozen=True)
class Evidence:
    """What was seen of a pair, its distance in units of what is usual around its items, and how usual that is.

    `sparsity` is what is usual around them in units of the store's; where it is low, pictures are crowded: letters, or
    circles of which each is a little larger.
    """

    look: Look
    ratio: float
    sparsity: float = 1.0

    def values(self) -> tuple[float, ...]:
        """Return what the regression is of."""
        seen = self.look
        return (
            min(seen.pixels.agreement),
            max(seen.pixels.agreement),
            float(np.log1p(seen.transform.matches)),
            seen.transform.matched,
            min(0.5, seen.pixels.differing),
            float(np.log(0.05 + min(1.2, self.ratio))),
            float(np.log1p(min(seen.features))),
            min(seen.pixels.overlaps),
            min(60.0, seen.pixels.residual) / 60,
            min(0.5, seen.pixels.colour),
            min(1.5, self.sparsity),
            seen.pixels.lost,
            min(200.0, seen.pixels.worst) / 60,
            seen.transform.matches / max(1, *seen.features),
        )

    @property
    def is_empty(self) -> bool:
        """Return whether one of the pictures has next to no features, so that the regression says nothing."""
        return min(self.look.features) < _LEAST_FEATURES

    def log_odds(self) -> float:
        """Return the logarithm of the odds that the pair is a copy, where copies are as common as others."""
        seen = self.look
        if self.is_empty:
            same = min(seen.pixels.agreement) > 0.95 and seen.pixels.colour < 0.003 and seen.pixels.differing < 0.001
            return _EMPTY_COPY if same else _EMPTY_OTHER
        return MODEL.log_odds(self.values())

    def confidence(self, share: float = 0.5) -> float:
        """Return how sure it is that the pair is a copy, 0 to 1, where a share of the pairs are copies."""
        return float(_confidences(np.array([self.log_odds()]), share)[0])

    def is_copy(self, share: float = 0.5) -> bool:
        """Return whether the pair is called a copy, where a share of the pairs are copies."""
        return self.confidence(share) >= LIMIT


def share_of_copies(evidence: Sequence[Evidence]) -> float:
    """Return which share of pairs are copies, above 0, as it is most likely by what was seen of all of them."""
    log_odds = np.array([seen.log_odds() for seen in evidence])
    share = 1 / _ASSUMED_PAIRS
    for _ in range(_ROUNDS):
        share = float((_confidences(log_odds, share).sum() + 1) / (len(log_odds) + _ASSUMED_PAIRS))
    return share


def _confidences(log_odds: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds + np.log(share / (1 - share)), -50, 50))), np.float64)
