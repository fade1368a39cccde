"""Fit a head on labelled features: a PCA, joined with the directions of a ridge regression on the labels.

The PCA keeps what tells any two images apart, also those of labels that are not known yet, so that altered copies are
still found; the regression adds what images of a label have in common. It is solved in closed form, on the features
that the images have as they are: each image passes through the network once.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.embedding.heads.pca import NormalizedProjection, fit_pca
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.linalg.blas_threads import one_blas_thread
from ingest.embedding.training.plan import FEW
from ingest.embedding.training.reduction import fit_reduction

#: The share of the label directions in the mean squared length of a vector. With more of it, altered copies are lost:
#: of 1,050 copies of photographs 0.977, 0.972 and 0.968 are found at 0.1, 0.2 and 0.3, where `photo` finds 0.978.
LABEL_SHARE = 0.2

#: Singular values below this share of the largest are rounding errors.
_ROUNDING = 1e-6

_Float64Array = NDArray[np.float64]


def fit_ridge(
    features: Float32Array, labels: Sequence[str], dim: int, seed: int, whiten: float
) -> NormalizedProjection:
    """Return a head of `dim` dimensions fitted on features, (n, d) float32, and the n labels of their images.

    At most half of the dimensions are label directions, the rest principal components, whitened as by `fit_pca`.
    """
    directions = _label_directions(features, labels, dim // 2, seed)
    pca = fit_pca(features, dim - directions.shape[1], seed, whiten)
    with one_blas_thread():
        centred = features - pca.mean
        parts = (pca.components, 1 - LABEL_SHARE), (directions, LABEL_SHARE)
        components = np.concatenate([part * _scale(centred @ part, share) for part, share in parts], axis=1)
    return NormalizedProjection(pca.mean, np.ascontiguousarray(components, np.float32))


def _scale(projected: NDArray[np.floating], share: float) -> float:
    """Return the factor that gives projected features this mean squared length; any serves if they are all 0."""
    mean = float(np.square(projected, dtype=np.float64).sum()) / len(projected)
    return float(np.sqrt(share / mean)) if mean else 1.0


def _label_directions(features: Float32Array, labels: Sequence[str], limit: int, seed: int) -> Float32Array:
    """Return the directions in which labels differ most, at most `limit`, (d, directions) float32.

    Each label is predicted by a linear function of the features, its squared errors divided by the label's share of the
    images, which makes the functions those of a regularised discriminant analysis: Hastie, Buja and Tibshirani,
    "Penalized Discriminant Analysis", 1995. The directions are the principal ones of these functions.
    """
    reduction = fit_reduction(features, seed, FEW.reduced_dim)
    with one_blas_thread():
        reduced = np.asarray((features - reduction.mean) @ reduction.components, np.float64)
        targets = _targets(labels)
        count, width = reduced.shape
        # The penalty is the variance that chance gives to a direction, as in `fit_pca`: the total over the images.
        covariance = reduced.T @ reduced / count + np.eye(width) * (width / count)
        functions = np.linalg.solve(covariance, reduced.T @ targets / count)
        directions, sizes, _ = np.linalg.svd(functions, full_matrices=False)
        kept = min(limit, int((sizes > _ROUNDING * max(sizes, default=0)).sum()))
        return np.asarray(reduction.components @ (directions * sizes)[:, :kept], np.float32)


def _targets(labels: Sequence[str]) -> _Float64Array:
    """Return what to predict, (n, labels): whether an image has a label, less its share, over the share's root.

    A label of one image does not tell what is alike, and has no column.
    """
    _, numbers, counts = np.unique(np.array(labels), return_inverse=True, return_counts=True)
    repeated = np.flatnonzero(counts > 1)
    shares = counts[repeated] / len(numbers)
    return np.asarray(((numbers[:, np.newaxis] == repeated) - shares) / np.sqrt(shares), np.float64)
