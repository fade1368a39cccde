"""Read a user's recipe from a TOML file."""

import tomllib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingest.embedding.recipes.recipe import Recipe
from ingest.embedding.recipes.vgg16_layers import LAYERS, feature_count
from ingest.embedding.recipes.vgg16_limits import require_vgg16
from ingest.errors import RecipeUnusable
from storage.console import printable

SUFFIX = ".toml"

#: Fields that a file may leave out although `Recipe` has no default for them.
_DEFAULTS: dict[str, Any] = {"interpolation": "area", "unit_length": True}

#: More than any recipe has; it bounds the memory that a wrong file takes.
_MAX_BYTES = 100_000


def read_recipe(path: Path, reserved: Collection[str] = ()) -> Recipe:
    """Return the recipe in a file, by default named after it; raise RecipeUnusable.

    A recipe may not have a `reserved` name. Without a head, `dim` defaults to the number of features.
    """
    spec = {"name": path.stem, **_DEFAULTS, **_parse(path)}
    dim_from_features = spec.get("head") == "none" and "dim" not in spec
    try:
        recipe = Recipe.from_json({**spec, "dim": 0} if dim_from_features else spec)
    except ValueError as error:
        raise RecipeUnusable(f"expected {error}, in the recipe {printable(str(path))}: correct it") from error
    if dim_from_features and all(layer in LAYERS for layer in recipe.layers):
        recipe = replace(recipe, dim=feature_count(recipe))
    if recipe.name in reserved:
        raise RecipeUnusable(
            f"expected a name other than {', '.join(reserved)} in the recipe {printable(str(path))}, "
            f"got {recipe.name!r}: give it a `name` of its own"
        )
    require_vgg16(recipe)
    return recipe


def _parse(path: Path) -> dict[str, Any]:
    name = printable(str(path))
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise ValueError(f"more than {_MAX_BYTES:,} bytes")
        return tomllib.loads(content.decode())
    except OSError as error:
        raise RecipeUnusable(f"expected a recipe in TOML, got {name}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise RecipeUnusable(f"expected a recipe in TOML, got {name}: {printable(str(error))}") from error
