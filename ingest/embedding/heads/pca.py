"""Principal component analysis, fitted without labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.embedding.heads.head import unit_length
from ingest.embedding.linalg.blas_threads import one_blas_thread
from ingest.embedding.linalg.matmul import in_blocks
from ingest.embedding.linalg.randomized_svd import leading_directions
from ingest.embedding.network.backbone import Floats

#: Images that lie in a plane do not vary off it: no direction is taken to vary less than this share of the first.
_LEAST_DEVIATION = 1e-3

#: How many directions are sought beside the components, as a share of them and at least, and how often all are turned.
#: Of VGG16's features they come nearer to the exact components than scikit-learn's randomized solver does by itself,
#: with ten beside and seven turns, in less time.
_BESIDE = 0.5
_FEWEST_BESIDE = 10
_TIMES = 4

_Wide = NDArray[np.float64]


@dataclass(frozen=True)
class Pca:
    """(features - mean) @ components, with orthonormal columns in `components`."""

    mean: Floats
    components: Floats

    def __call__(self, features: Floats) -> Floats:
        """Return the vectors of features."""
        return in_blocks(features, self.components, self.mean)

    def arrays(self) -> dict[str, Floats]:
        """Return what the head is made of."""
        return {"mean": self.mean, "components": self.components}


@dataclass(frozen=True)
class Whitened:
    """(features - mean) @ components, scaled to length 1; the columns of `components` are orthogonal.

    Jégou and Chum, "Negative evidences and co-occurrences in image retrieval: the benefit of PCA and whitening",
    2012.
    """

    mean: Floats
    components: Floats

    def __call__(self, features: Floats) -> Floats:
        """Return the vectors of features."""
        return unit_length(in_blocks(features, self.components, self.mean))

    def arrays(self) -> dict[str, Floats]:
        """Return what the head is made of."""
        return {"mean": self.mean, "components": self.components}


def fitted_pca(features: Floats, dim: int, seed: int) -> Pca:
    """Return the principal components, as many as n images determine, and random directions at right angles to them.

    With fewer images than dimensions the random ones keep the distances of images yet to come (Johnson and
    Lindenstrauss, 1984), and the vectors their dimension.
    """
    mean, components, _ = _principal(features, dim, seed)
    return Pca(mean.astype(np.float32), np.ascontiguousarray(components, np.float32))


def fitted_whitening(features: Floats, dim: int, seed: int, power: float) -> Whitened:
    """Return the principal components, each divided by the deviation along it to a power.

    At 1 the images vary alike in all directions; at less they keep some of their shape.
    """
    mean, components, deviations = _principal(features, dim, seed)
    return Whitened(mean.astype(np.float32), np.ascontiguousarray(components / deviations**power, np.float32))


def _principal(features: Floats, dim: int, seed: int) -> tuple[_Wide, _Wide, _Wide]:
    """Return the mean (d,), orthonormal components (d, dim) and the deviations along them (dim,), above 0."""
    varied = bool((features != features[0]).any())
    determined = min(dim, len(features) - 1) if varied else 0
    basis = np.random.RandomState(seed).standard_normal((features.shape[1], dim))
    mean = features.mean(axis=0, dtype=np.float64)
    deviations = np.ones(dim)
    if determined > 0:
        basis[:, :determined], along = _leading(features - mean.astype(np.float32), determined, seed)
        # Nobody knows how the images vary along the random ones: as little as along the last that they determine.
        deviations = np.maximum(np.append(along, np.full(dim - determined, along[-1])), along[0] * _LEAST_DEVIATION)
    orthonormal, triangle = np.linalg.qr(basis)
    # QR may flip a column; keep the directions as they were fitted.
    components = orthonormal * np.where(np.diag(triangle) < 0, -1.0, 1.0)
    return mean, components, deviations


def _leading(centred: Floats, count: int, seed: int) -> tuple[_Wide, _Wide]:
    """Return the first principal components, (d, count), and the deviations along them, (count,), of (n, d)."""
    with one_blas_thread():
        sought = min(centred.shape[1], count + max(_FEWEST_BESIDE, round(count * _BESIDE)))
        directions = leading_directions(centred, sought, seed, _TIMES)
        # Within these few the components are exact: the Rayleigh-Ritz method.
        along = (centred @ directions).astype(np.float64)
        variances, turn = np.linalg.eigh(along.T @ along / (len(centred) - 1))
        components = directions @ turn[:, ::-1][:, :count]
    return components, np.sqrt(np.maximum(variances[::-1][:count], 0))
