"""Heads: the last step from VGG16's features to a vector, fitted once and kept in the store."""

from collections.abc import Mapping

from ingest.embedding.heads.head import Head
from ingest.embedding.heads.identity import Bare
from ingest.embedding.heads.pca import Pca, Whitened, fitted_pca, fitted_whitening
from ingest.embedding.heads.random_dense import Dense, random_dense
from ingest.embedding.heads.trained import Trained
from ingest.embedding.network.backbone import Floats
from ingest.embedding.recipes import Recipe
from ingest.embedding.recipes.vgg16_limits import require_dim
from ingest.errors import RecipeUnusable


def fit_head(recipe: Recipe, features: Floats) -> Head:
    """Return a recipe's head for features like these, (n, d) float32, unless it is trained; raise RecipeUnusable."""
    require_dim(recipe, features.shape[1])
    if recipe.head == "none":
        return Bare()
    if recipe.head == "dense":
        return random_dense(features.shape[1], recipe.dim, recipe.seed)
    if recipe.head == "pca" and recipe.whiten:
        return fitted_whitening(features, recipe.dim, recipe.seed, recipe.whiten)
    if recipe.head == "pca":
        return fitted_pca(features, recipe.dim, recipe.seed)
    raise RecipeUnusable(
        f"expected a head that is fitted without labels, got the recipe {recipe.name}, whose head is trained: "
        "ingest labelled images with it"
    )


def restore_head(recipe: Recipe, arrays: Mapping[str, Floats]) -> Head:
    """Return the head that `arrays` came from."""
    if recipe.head == "none":
        return Bare()
    if recipe.head == "pca":
        return (Whitened if recipe.whiten else Pca)(arrays["mean"], arrays["components"])
    return (Dense if recipe.head == "dense" else Trained)(arrays["kernel"], arrays["bias"])


__all__ = [
    "Bare",
    "Dense",
    "Head",
    "Pca",
    "Trained",
    "Whitened",
    "fit_head",
    "require_dim",
    "restore_head",
]
