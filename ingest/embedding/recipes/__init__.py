"""Recipes: how an image becomes a vector, by name or from a TOML file."""

from ingest.embedding.recipes.builtin import (
    AUTO,
    METRIC,
    NOTEBOOK,
    PHOTO,
    PHOTO_METRIC,
    RECIPES,
    RETRIEVAL,
    recipe_named,
    recipe_or_auto,
)
from ingest.embedding.recipes.recipe import Recipe, recipe_of

__all__ = [
    "AUTO",
    "METRIC",
    "NOTEBOOK",
    "PHOTO",
    "PHOTO_METRIC",
    "RECIPES",
    "RETRIEVAL",
    "Recipe",
    "recipe_named",
    "recipe_of",
    "recipe_or_auto",
]
