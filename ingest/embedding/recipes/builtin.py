"""The builtin recipes, by name."""

from dataclasses import replace
from pathlib import Path

from ingest.embedding.recipes.recipe import Recipe
from ingest.embedding.recipes.toml_file import SUFFIX, read_recipe
from ingest.errors import UnknownRecipe

#: The original notebook, exactly: its Dense(128, relu) is never trained, so it is a random projection.
NOTEBOOK = Recipe("notebook", 32, "linear", "block5_pool", unit_length=False, head="dense", dim=128)

#: Earlier features tell small images apart far better than the last ones, which are specific to ImageNet's classes.
#: Partial whitening weakens the components that most images share in favour of those in which they differ.
RETRIEVAL = Recipe(
    "retrieval",
    side=32,
    interpolation="area",
    scaling="caffe",
    layer="block3_pool",
    unit_length=True,
    head="pca",
    whiten=0.5,
    dim=128,
)

#: The same features with a dense layer trained so that images of equal labels are close.
METRIC = replace(RETRIEVAL, name="metric", head="trained", whiten=0.0)

#: What a photograph shows, wherever it is in the picture: VGG16 at the size it was trained at, pooled over the picture.
#: Textures (block 3), parts (4) and things (5) together find more of what is alike than any one of them.
PHOTO = replace(
    RETRIEVAL,
    name="photo",
    side=224,
    layer=("block3_conv3", "block4_conv3", "block5_conv3"),
    pooling="gem",
    square_root=True,
    whiten=0.25,
    dim=256,
)

#: The same, with directions in which the labels differ.
PHOTO_METRIC = replace(PHOTO, name="photo-metric", head="ridge")

RECIPES = {recipe.name: recipe for recipe in (NOTEBOOK, RETRIEVAL, METRIC, PHOTO, PHOTO_METRIC)}

#: Asks for a recipe that is chosen by the sizes of the pictures (`ingest/pipeline/recipe_choice.py`).
AUTO = "auto"


def recipe_or_auto(recipe: str | Recipe | None) -> Recipe | None:
    """Return a recipe by name or as it is, None for AUTO or None; raise as `recipe_named`."""
    if recipe == AUTO:
        return None
    return recipe_named(recipe) if isinstance(recipe, str) else recipe


def recipe_named(name: str) -> Recipe:
    """Return a builtin recipe by name, or the recipe in a TOML file; raise UnknownRecipe or RecipeUnusable."""
    if name.endswith(SUFFIX):
        return read_recipe(Path(name), reserved=RECIPES)
    if name not in RECIPES:
        raise UnknownRecipe(f"expected a recipe ({', '.join(RECIPES)} or a {SUFFIX} file), got {name!r}")
    return RECIPES[name]
