"""Read a recipe of one's own from a TOML file."""

import tomllib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingest.embedding.recipes.recipe import Recipe
from ingest.embedding.recipes.vgg16_limits import LAYERS, feature_count, require_vgg16
from ingest.errors import RecipeUnusable
from storage.console import printable

SUFFIX = ".toml"

#: What a file need not say.
_USUAL: dict[str, Any] = {"interpolation": "area", "unit_length": True}

#: More than any recipe has, and less than a wrong file might.
_LARGEST = 100_000


def read_recipe(path: Path, reserved: Collection[str] = ()) -> Recipe:
    """Return the recipe in a file, named after it unless it says otherwise; raise RecipeUnusable.

    A recipe may not take a `reserved` name. Without a head there are as many dimensions as features.
    """
    spec = {"name": path.stem, **_USUAL, **_document(path)}
    counted = spec.get("head") == "none" and "dim" not in spec
    try:
        recipe = Recipe.from_json({**spec, "dim": 0} if counted else spec)
    except ValueError as error:
        raise RecipeUnusable(f"expected {error}, in the recipe {printable(str(path))}: correct it") from error
    if counted and recipe.layer in LAYERS:
        recipe = replace(recipe, dim=feature_count(recipe))
    if recipe.name in reserved:
        raise RecipeUnusable(
            f"expected a name other than {', '.join(reserved)} in the recipe {printable(str(path))}, "
            f"got {recipe.name!r}: give it a `name` of its own"
        )
    require_vgg16(recipe)
    return recipe


def _document(path: Path) -> dict[str, Any]:
    name = printable(str(path))
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise ValueError(f"more than {_LARGEST:,} bytes")
        return tomllib.loads(content.decode())
    except OSError as error:
        raise RecipeUnusable(f"expected a recipe in TOML, got {name}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise RecipeUnusable(f"expected a recipe in TOML, got {name}: {printable(str(error))}") from error
