"""The recipes that there are, by name."""

from dataclasses import replace
from pathlib import Path

from ingest.embedding.recipes.recipe import Recipe
from ingest.embedding.recipes.toml_file import SUFFIX, read_recipe
from ingest.errors import UnknownRecipe

#: The original notebook, to the letter: its Dense(128, relu) is never trained, and so a random projection.
NOTEBOOK = Recipe("notebook", 32, "linear", "block5_pool", unit_length=False, head="dense", dim=128)

#: Earlier features tell small images apart far better than the last ones, which were made for ImageNet's classes.
#: Dividing a little by the deviations keeps what most images share from drowning what tells them apart.
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

#: The same features, turned by a layer that was trained to bring equal labels together.
METRIC = replace(RETRIEVAL, name="metric", head="trained", whiten=0.0)

#: What a photograph shows, wherever in it: VGG16 at the size that it was trained at, pooled over all places.
PHOTO = Recipe(
    "photo",
    side=224,
    interpolation="area",
    scaling="caffe",
    layer="block5_conv3",
    pooling="gem",
    unit_length=True,
    head="pca",
    whiten=1.0,
    dim=128,
)

RECIPES = {recipe.name: recipe for recipe in (NOTEBOOK, RETRIEVAL, METRIC, PHOTO)}
DEFAULT = RETRIEVAL


def recipe_named(name: str) -> Recipe:
    """Return a recipe by its name or the TOML file it stands in; raise UnknownRecipe or RecipeUnusable."""
    if name.endswith(SUFFIX):
        return read_recipe(Path(name), reserved=RECIPES)
    if name not in RECIPES:
        raise UnknownRecipe(f"expected a recipe ({', '.join(RECIPES)} or a {SUFFIX} file), got {name!r}")
    return RECIPES[name]
