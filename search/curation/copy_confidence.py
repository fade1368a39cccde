"""How sure it is that two pictures are copies of each other, by what a second look saw of them.

A logistic regression, fitted once on 2,600 pairs that are near in vectors, of which it was known: copies of ten kinds
of drawings, wallpapers and digits, and neighbours of which no two show the same picture. Either kind had the same
weight, so the confidence is the share of copies where they are as common as others.
"""

from dataclasses import dataclass

import numpy as np

from search.curation.second_look import Look

#: The confidence from which a pair is called a copy.
LIMIT = 0.73

#: The regression is of `Evidence.values` less a mean and divided by a scale: a constant, a coefficient of each, and one
#: for the product of each with itself and with those after it.
_MEAN = (0.5819, 0.608, 1.4025, 0.1963, 0.1559, 0.7089, 3.405, 0.8484, 0.4348, 0.1025)
_SCALE = (0.3341, 0.3235, 1.0866, 0.2307, 0.168, 0.2798, 0.8381, 0.1661, 0.3638, 0.1154)
_CONSTANT = -5.0387
_LINEAR = (0.09, 2.29, 0.62, 0.71, -0.64, -1.08, -0.1, 0.7, -1.29, -0.35)
_PRODUCTS = (
    (0.87, -0.75, 0.41, 0.3, 0.91, -0.47, 0.8, -0.18, -0.03, 0.87),
    (0.41, -0.63, -0.79, -0.61, -0.09, 0.2, 0.6, -1.03, -0.09),
    (0.29, 0.46, -0.53, 0.15, 0.2, 0.32, -0.48, 0.05),
    (0.4, -0.2, -0.02, 0.06, 0.17, 0.38, -0.01),
    (0.32, -0.78, -0.22, -0.34, 0.37, -0.1),
    (0.66, 1.35, 1.14, -0.15, -0.33),
    (0.14, -0.07, -0.29, 0.02),
    (0.2, 0.2, 0.21),
    (0.83, 0.05),
    (-0.02,),
)

#: With fewer features than this a picture is as good as empty: only the same colours tell of a copy.
_LEAST_FEATURES = 3
_EMPTY_COPY, _EMPTY_OTHER = 3.0, -5.0

#: From so many features on a fit is strong.
_MANY_MATCHES = 8

#: Below this sparsity pictures are crowded: then copies have a smaller ratio of distances than others.
_CROWDED, _NEAR_IN_CROWD, _GUESS = 0.7, 0.15, 0.5


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
            min(seen.agreement),
            max(seen.agreement),
            float(np.log1p(seen.matches)),
            seen.matched,
            min(0.5, seen.differing),
            min(1.2, self.ratio),
            float(np.log1p(seen.features)),
            min(seen.overlaps),
            min(60.0, seen.residual) / 60,
            min(0.5, seen.colour),
        )

    @property
    def is_weak(self) -> bool:
        """Return whether too few features fit to tell a copy from another of a series by themselves."""
        return self.look.matches < _MANY_MATCHES

    def odds(self) -> float:
        """Return the logarithm of the odds that the pair is a copy, where copies are as common as others."""
        seen = self.look
        if seen.features < _LEAST_FEATURES:
            same = min(seen.agreement) > 0.9 and seen.colour < 0.003 and seen.differing < 0.001
            return _EMPTY_COPY if same else _EMPTY_OTHER
        values = (np.array(self.values()) - _MEAN) / _SCALE
        products = sum(float(value * (values[row:] @ _PRODUCTS[row])) for row, value in enumerate(values))
        return float(_CONSTANT + values @ _LINEAR + products)

    def confidence(self) -> float:
        """Return how sure it is that the pair is a copy, 0 to 1.

        Among crowded pictures that few features tell apart, it is a guess unless they are far nearer than others.
        """
        confidence = float(1 / (1 + np.exp(-np.clip(self.odds(), -50, 50))))
        is_guess = self.is_weak and self.sparsity < _CROWDED and self.ratio > _NEAR_IN_CROWD
        return min(confidence, _GUESS) if is_guess else confidence

    @property
    def is_copy(self) -> bool:
        """Return whether the pair is called a copy."""
        return self.confidence() >= LIMIT
