"""Heads: the last step from features to a vector, fitted once and recorded in the store."""

from collections.abc import Mapping

from ingest.embedding.heads.dense import RandomDense, TrainedDense
from ingest.embedding.heads.head import Head, Identity, head_arrays
from ingest.embedding.heads.pca import ENOUGH_IMAGES, NormalizedProjection, Pca, fit_pca
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
    """Return a recipe's head with the parameters that `head_arrays` returned."""
    if recipe.head == "none":
        return Identity()
    if recipe.head in ("pca", "ridge"):
        plain = recipe.head == "pca" and not recipe.whiten
        return (Pca if plain else NormalizedProjection)(arrays["mean"], arrays["components"])
    return (RandomDense if recipe.head == "dense" else TrainedDense)(arrays["kernel"], arrays["bias"])


__all__ = [
    "ENOUGH_IMAGES",
    "Head",
    "NormalizedProjection",
    "Pca",
    "RandomDense",
    "TrainedDense",
    "fit_head",
    "head_arrays",
    "restore_head",
]
