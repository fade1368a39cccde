"""Which recipes VGG16 and its heads can carry out."""

from ingest.embedding.recipes.recipe import Recipe
from ingest.embedding.recipes.vgg16_layers import LAYERS, feature_count
from ingest.errors import RecipeUnusable

#: Keras' VGG16 takes no smaller image, since it halves one five times; larger ones take too much memory.
SIDES = range(32, 513)

#: Heads are fitted on the features of thousands of images in memory, which bounds the features of each.
MAX_FEATURES = 16_384

#: The range of seeds of NumPy's RandomState.
_SEEDS = range(2**32)


def require_vgg16(recipe: Recipe) -> None:
    """Raise RecipeUnusable unless VGG16 and the recipe's head can carry it out."""
    where = f"in the recipe {recipe.name}"
    if recipe.side not in SIDES:
        raise RecipeUnusable(
            f"expected `side` from {SIDES[0]} to {SIDES[-1]} pixels {where}, got {recipe.side}: "
            "VGG16 takes no smaller image, and larger ones take too much memory"
        )
    for layer in recipe.layers:
        if layer not in LAYERS:
            raise RecipeUnusable(f"expected `layer` to be one of {', '.join(LAYERS)} {where}, got {layer!r}")
    if len(set(recipe.layers)) < len(recipe.layers):
        raise RecipeUnusable(f"expected each `layer` once {where}, got {', '.join(recipe.layers)}")
    if recipe.seed not in _SEEDS:
        raise RecipeUnusable(f"expected `seed` from 0 to {_SEEDS[-1]} {where}, got {recipe.seed}")
    if not 0 <= recipe.whiten <= 1:
        raise RecipeUnusable(f"expected `whiten` from 0 to 1 {where}, got {recipe.whiten}")
    if recipe.whiten and recipe.head not in ("pca", "ridge"):
        raise RecipeUnusable(
            f"expected `whiten` with the head pca or ridge only {where}, got it with {recipe.head}: remove it"
        )
    features = feature_count(recipe)
    if features > MAX_FEATURES:
        raise RecipeUnusable(
            f"expected at most {MAX_FEATURES:,} features per image {where}, got {features:,}: choose the pooling gem, "
            "a later layer or a smaller side"
        )
    require_dim(recipe, features)


def require_dim(recipe: Recipe, features: int) -> None:
    """Raise RecipeUnusable unless the recipe's head can reduce so many features to the recipe's dimensions."""
    if recipe.head == "none":
        if recipe.dim != features:
            raise RecipeUnusable(
                f"expected {features} dimensions (the number of features) in the recipe {recipe.name}, which has no "
                f"head, got {recipe.dim}: change its `dim`, or choose the head pca"
            )
        return
    bounded = recipe.head in ("pca", "ridge")
    if recipe.dim < 1 or (bounded and recipe.dim > features):
        allowed = f"1 to {features} dimensions (the number of features)" if bounded else "at least 1 dimension"
        raise RecipeUnusable(f"expected {allowed} in the recipe {recipe.name}, got {recipe.dim}: change its `dim`")
