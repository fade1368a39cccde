"""Recipes: how an image becomes a vector, by name or from a TOML file."""

from ingest.embedding.recipes.builtin import DEFAULT, METRIC, NOTEBOOK, PHOTO, RECIPES, RETRIEVAL, recipe_named
from ingest.embedding.recipes.recipe import Recipe, recipe_of

__all__ = ["DEFAULT", "METRIC", "NOTEBOOK", "PHOTO", "RECIPES", "RETRIEVAL", "Recipe", "recipe_named", "recipe_of"]
