"""Recipes: the ways from an image to a vector, by name or from a file."""

from ingest.recipes.recipe import Recipe, recipe_of
from ingest.recipes.table import DEFAULT, METRIC, NOTEBOOK, PHOTO, RECIPES, RETRIEVAL, recipe_named

__all__ = ["DEFAULT", "METRIC", "NOTEBOOK", "PHOTO", "RECIPES", "RETRIEVAL", "Recipe", "recipe_named", "recipe_of"]
