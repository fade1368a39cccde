"""Make features few and of one size before a layer is trained on them; the layer takes it up afterwards."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.embedding.heads.trained import Trained
from ingest.embedding.linalg.randomized_svd import leading_directions
from ingest.embedding.network.backbone import Floats

#: Features of more dimensions are reduced to so many.
REDUCED = 512

#: The reduction is fitted on the features of at most so many images.
REDUCED_BY = 5_000


@dataclass(frozen=True)
class Reduction:
    """(features - mean) @ components, of unit variance on the whole."""

    mean: Floats
    components: Floats

    @property
    def dim(self) -> int:
        """Return how many dimensions are left."""
        return int(self.components.shape[1])

    def __call__(self, features: Floats) -> NDArray[np.float16]:
        """Return the reduced features, (n, dim) float16."""
        # One large product: nobody needs the same bits of a row wherever it stands. Half precision ends at 65,504.
        reduced = (features - self.mean) @ self.components
        return np.asarray(np.clip(reduced, -60_000, 60_000), np.float16)

    def followed_by(self, kernel: Floats, bias: Floats) -> Trained:
        """Return the head that gives features what a layer, reduced @ kernel + bias, gives their reductions."""
        components = self.components.astype(np.float64)
        whole = components @ kernel
        shifted = bias - self.mean.astype(np.float64) @ whole
        return Trained(np.ascontiguousarray(whole, np.float32), shifted.astype(np.float32))


def fitted_reduction(features: Floats, seed: int) -> Reduction:
    """Return the reduction of features like these, (n, d) float32.

    It keeps nearly what as many principal components would, which a layer turns as it likes.
    """
    width = features.shape[1]
    mean = features.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = features - mean
    basis = np.eye(width, dtype=np.float32)
    if width > REDUCED:
        basis = leading_directions(centred, REDUCED, seed, times=1)
    spread = np.sqrt(np.mean(np.square(centred @ basis), dtype=np.float64))
    # Images that are all alike have no spread, and need none.
    return Reduction(mean, basis / np.float32(spread or 1.0))
