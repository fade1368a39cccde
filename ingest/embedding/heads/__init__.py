"""Heads: the last step from features to a vector, fitted once and recorded in the store."""

from collections.abc import Mapping
from dataclasses import fields

import numpy as np

from ingest.embedding.heads.dense import RandomDense, TrainedDense
from ingest.embedding.heads.head import Head, Identity, head_arrays
from ingest.embedding.heads.pca import ENOUGH_IMAGES, NormalizedProjection, Pca, fit_pca
from ingest.embedding.heads.perceptron import TrainedHead, TrainedPerceptron
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.recipes import Recipe
from ingest.embedding.recipes.vgg16_limits import require_dim
from ingest.errors import RecipeUnusable


def fit_head(recipe: Recipe, features: Float32Array) -> Head:
    """Return a recipe's head, fitted on features, (n, d) float32; raise RecipeUnusable, also for a head of labels."""
    require_dim(recipe, features.shape[1])
    if recipe.head == "none":
        return Identity()
    if recipe.head == "dense":
        return RandomDense.draw(features.shape[1], recipe.dim, recipe.seed)
    if recipe.head == "pca":
        return fit_pca(features, recipe.dim, recipe.seed, recipe.whiten)
    raise RecipeUnusable(
        f"expected a head that is fitted without labels, got the recipe {recipe.name}, whose head is trained: "
        "ingest labelled images with it"
    )


def restore_head(recipe: Recipe, arrays: Mapping[str, Float32Array]) -> Head:
    """Return a recipe's head with the parameters that `head_arrays` returned.

    Raise ValueError unless they are finite, and have the names and shapes that the head needs.
    """
    kind = _kind_of(recipe, arrays)
    names = [field.name for field in fields(kind)]
    if sorted(arrays) != sorted(names):
        raise ValueError(f"the arrays {', '.join(names) or '(none)'}, got {', '.join(sorted(arrays)) or 'none'}")
    # How many features the network computes shows when images are embedded.
    features = next((arrays[name].shape[0] for name in names if arrays[name].ndim == 2), 0)
    for name, shape in kind.shapes(features, recipe.dim).items():
        if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
            raise ValueError(f"the array {name} of finite numbers of shape {shape}, got shape {arrays[name].shape}")
    return kind(**arrays)


def _kind_of(
    recipe: Recipe, arrays: Mapping[str, Float32Array]
) -> type[Identity | Pca | NormalizedProjection | RandomDense | TrainedHead]:
    if recipe.head == "none":
        return Identity
    if recipe.head in ("pca", "ridge"):
        return Pca if recipe.head == "pca" and not recipe.whiten else NormalizedProjection
    if recipe.head == "dense":
        return RandomDense
    return TrainedPerceptron if "hidden_kernel" in arrays else TrainedDense


__all__ = [
    "ENOUGH_IMAGES",
    "Head",
    "NormalizedProjection",
    "Pca",
    "RandomDense",
    "TrainedDense",
    "TrainedHead",
    "TrainedPerceptron",
    "fit_head",
    "head_arrays",
    "restore_head",
]
