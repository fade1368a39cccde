"""Heads: the last step from features to a vector, fitted once and recorded in the store."""

from collections.abc import Mapping

from ingest.embedding.heads.head import Head
from ingest.embedding.heads.identity import Identity
from ingest.embedding.heads.pca import Pca, WhitenedPca, fit_pca, fit_whitened_pca
from ingest.embedding.heads.random_dense import RandomDense
from ingest.embedding.heads.trained_dense import TrainedDense
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.recipes import Recipe
from ingest.embedding.recipes.vgg16_limits import require_dim
from ingest.errors import RecipeUnusable


def fit_head(recipe: Recipe, features: Float32Array) -> Head:
    """Return a recipe's head, fitted on features, (n, d) float32; raise RecipeUnusable, also for a trained head."""
    require_dim(recipe, features.shape[1])
    if recipe.head == "none":
        return Identity()
    if recipe.head == "dense":
        return RandomDense.draw(features.shape[1], recipe.dim, recipe.seed)
    if recipe.head == "pca" and recipe.whiten:
        return fit_whitened_pca(features, recipe.dim, recipe.seed, recipe.whiten)
    if recipe.head == "pca":
        return fit_pca(features, recipe.dim, recipe.seed)
    raise RecipeUnusable(
        f"expected a head that is fitted without labels, got the recipe {recipe.name}, whose head is trained: "
        "ingest labelled images with it"
    )


def restore_head(recipe: Recipe, arrays: Mapping[str, Float32Array]) -> Head:
    """Return the head whose `arrays()` these are."""
    if recipe.head == "none":
        return Identity()
    if recipe.head == "pca":
        return (WhitenedPca if recipe.whiten else Pca)(arrays["mean"], arrays["components"])
    return (RandomDense if recipe.head == "dense" else TrainedDense)(arrays["kernel"], arrays["bias"])


__all__ = ["Head", "Identity", "Pca", "RandomDense", "TrainedDense", "WhitenedPca", "fit_head", "restore_head"]
