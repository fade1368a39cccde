"""What VGG16 can make of a recipe: the shapes of its layers, and what they allow."""

from ingest.embedding.network.weight_files import CHANNELS
from ingest.embedding.recipes.recipe import Recipe
from ingest.errors import RecipeUnusable

#: Keras' VGG16 takes no smaller image, since it halves one five times; larger ones take too much memory.
SIDES = range(32, 513)

#: A head is fitted on thousands of images in memory, so each may have this many features.
MOST_FEATURES = 16_384

#: What NumPy's generator takes.
_SEEDS = range(2**32)

#: Each layer's channels, and how often the image was halved before it.
LAYERS = {
    f"block{block}_{name}": (widths[-1], block if name == "pool" else block - 1)
    for block, widths in CHANNELS.items()
    for name in (*(f"conv{number}" for number in range(1, len(widths) + 1)), "pool")
}


def feature_count(recipe: Recipe) -> int:
    """Return how many features a recipe's layer and pooling give an image."""
    channels, halvings = LAYERS[recipe.layer]
    return channels * (recipe.side >> halvings) ** 2 if recipe.pooling == "flatten" else channels


def require_vgg16(recipe: Recipe) -> None:
    """Raise RecipeUnusable unless VGG16 and the recipe's head can do what it says."""
    where = f"in the recipe {recipe.name}"
    if recipe.side not in SIDES:
        raise RecipeUnusable(
            f"expected `side` from {SIDES[0]} to {SIDES[-1]} pixels {where}, got {recipe.side}: "
            "VGG16 takes no smaller image, and larger ones take too much memory"
        )
    if recipe.layer not in LAYERS:
        raise RecipeUnusable(f"expected `layer` to be one of {', '.join(LAYERS)} {where}, got {recipe.layer!r}")
    if recipe.seed not in _SEEDS:
        raise RecipeUnusable(f"expected `seed` from 0 to {_SEEDS[-1]} {where}, got {recipe.seed}")
    if not 0 <= recipe.whiten <= 1:
        raise RecipeUnusable(f"expected `whiten` from 0 to 1 {where}, got {recipe.whiten}")
    if recipe.whiten and recipe.head != "pca":
        raise RecipeUnusable(f"expected `whiten` with the head pca only {where}, got it with {recipe.head}: remove it")
    features = feature_count(recipe)
    if features > MOST_FEATURES:
        raise RecipeUnusable(
            f"expected at most {MOST_FEATURES:,} features an image {where}, got {features:,}: take the pooling gem, "
            "a later layer or a smaller side"
        )
    require_dim(recipe, features)


def require_dim(recipe: Recipe, features: int) -> None:
    """Raise RecipeUnusable unless a recipe's head can make as many dimensions as it says of so many features."""
    if recipe.head == "none":
        if recipe.dim != features:
            raise RecipeUnusable(
                f"expected {features} dimensions, as many as features, in the recipe {recipe.name}, which has no head, "
                f"got {recipe.dim}: change its `dim`, or take the head pca"
            )
        return
    bounded = recipe.head == "pca"
    if recipe.dim < 1 or (bounded and recipe.dim > features):
        allowed = f"1 to {features} dimensions, as many as features," if bounded else "at least 1 dimension"
        raise RecipeUnusable(f"expected {allowed} in the recipe {recipe.name}, got {recipe.dim}: change its `dim`")
