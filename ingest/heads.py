"""Heads: the last step from VGG16's features to a vector, fitted once and kept in the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ingest.backbone import Floats
from ingest.errors import RecipeUnusable
from ingest.products import in_blocks
from ingest.recipes import Recipe


class Head(Protocol):
    """Turns features, (n, d) float32, into vectors, (n, dim) float32, with the arrays it was fitted to."""

    def __call__(self, features: Floats) -> Floats:
        """Return the vectors of features."""
        ...

    def arrays(self) -> dict[str, Floats]:
        """Return what the head is made of."""
        ...


@dataclass(frozen=True)
class Dense:
    """relu(features @ kernel + bias)."""

    kernel: Floats
    bias: Floats

    def __call__(self, features: Floats) -> Floats:
        """Return the vectors of features."""
        vectors: Floats = np.maximum(in_blocks(features, self.kernel) + self.bias, np.float32(0))
        return vectors

    def arrays(self) -> dict[str, Floats]:
        """Return what the head is made of."""
        return {"kernel": self.kernel, "bias": self.bias}


@dataclass(frozen=True)
class Pca:
    """(features - mean) @ components, with orthonormal columns in `components`."""

    mean: Floats
    components: Floats

    def __call__(self, features: Floats) -> Floats:
        """Return the vectors of features."""
        return in_blocks(features - self.mean, self.components)

    def arrays(self) -> dict[str, Floats]:
        """Return what the head is made of."""
        return {"mean": self.mean, "components": self.components}


def require_dim(recipe: Recipe, features: int) -> None:
    """Raise RecipeUnusable unless a head can make as many dimensions as a recipe says of so many features."""
    bounded = recipe.head == "pca"
    if recipe.dim < 1 or (bounded and recipe.dim > features):
        allowed = f"1 to {features} dimensions, as many as features," if bounded else "at least 1 dimension"
        raise RecipeUnusable(f"expected {allowed} in the recipe {recipe.name}, got {recipe.dim}: change its `dim`")


def fit_head(recipe: Recipe, features: Floats) -> Head:
    """Return a recipe's head for features like these, (n, d) float32; raise RecipeUnusable."""
    require_dim(recipe, features.shape[1])
    if recipe.head == "dense":
        return _untrained_dense(features.shape[1], recipe.dim, recipe.seed)
    return _fitted_pca(features, recipe.dim, recipe.seed)


def restore_head(recipe: Recipe, arrays: Mapping[str, Floats]) -> Head:
    """Return the head that `arrays` came from."""
    return (
        Dense(arrays["kernel"], arrays["bias"]) if recipe.head == "dense" else Pca(arrays["mean"], arrays["components"])
    )


def _untrained_dense(features: int, dim: int, seed: int) -> Dense:
    """Return a layer as Keras makes it and nobody trains it: Glorot-uniform weights, zero biases.

    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """
    limit = np.sqrt(6 / (features + dim))
    # RandomState's stream is frozen by NumPy, so a seed means the same layer for ever.
    kernel = np.random.RandomState(seed).uniform(-limit, limit, (features, dim))
    return Dense(kernel.astype(np.float32), np.zeros(dim, np.float32))


def _fitted_pca(features: Floats, dim: int, seed: int) -> Pca:
    """Return the principal components, as many as n images determine, and random directions at right angles to them.

    With fewer images than dimensions the random ones keep the distances of images yet to come (Johnson and
    Lindenstrauss, 1984), and the vectors their dimension.
    """
    # Imported here: scikit-learn takes a second to load, and only a first ingest fits anything.
    from sklearn.decomposition import PCA

    varied = bool((features != features[0]).any())
    determined = min(dim, len(features) - 1) if varied else 0
    basis = np.random.RandomState(seed).standard_normal((features.shape[1], dim))
    mean = features.mean(axis=0, dtype=np.float64)
    if determined > 0:
        fitted = PCA(determined, svd_solver="randomized", random_state=seed).fit(features)
        basis[:, :determined] = fitted.components_.T
    orthonormal, triangle = np.linalg.qr(basis)
    # QR may flip a column; keep the directions as they were fitted.
    components = orthonormal * np.where(np.diag(triangle) < 0, -1.0, 1.0)
    return Pca(mean.astype(np.float32), np.ascontiguousarray(components, np.float32))
