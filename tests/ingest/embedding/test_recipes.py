"""The builtin recipes, and how a store records a recipe."""

import json
from typing import Any

import pytest

from ingest.embedding.recipes import AUTO, RECIPES, RETRIEVAL, Recipe, recipe_named, recipe_of, recipe_or_auto
from ingest.errors import UnknownRecipe
from storage import Embedding
from storage.errors import OtherEmbedding
from tests.errors import error_message

#: Recipes as stores of the first versions record them.
FIRST_NOTEBOOK = {
    "name": "notebook",
    "side": 32,
    "interpolation": "linear",
    "layer": "block5_pool",
    "unit_length": False,
    "head": "dense",
    "dim": 128,
    "seed": 0,
}
FIRST_RETRIEVAL = {
    "name": "retrieval",
    "side": 32,
    "interpolation": "area",
    "layer": "block3_pool",
    "unit_length": True,
    "head": "pca",
    "dim": 128,
    "seed": 0,
}

#: `photo` as stores record it that were made with one layer.
FIRST_PHOTO = {
    **FIRST_RETRIEVAL,
    "name": "photo",
    "side": 224,
    "layer": "block5_conv3",
    "scaling": "caffe",
    "pooling": "gem",
    "whiten": 1.0,
}


def test_the_builtin_recipes_are_those_of_existing_stores() -> None:
    small = {"side": 32, "interpolation": "area", "scaling": "caffe", "layer": "block3_pool", "unit_length": True}
    large = {**small, "side": 224, "layer": ["block3_conv3", "block4_conv3", "block5_conv3"], "square_root": True}
    assert {name: recipe.as_json() for name, recipe in RECIPES.items()} == {
        "notebook": FIRST_NOTEBOOK,
        "retrieval": {"name": "retrieval", **small, "head": "pca", "whiten": 0.5, "dim": 128, "seed": 0},
        "metric": {"name": "metric", **small, "head": "trained", "dim": 128, "seed": 0},
        "photo": {"name": "photo", **large, "pooling": "gem", "head": "pca", "whiten": 0.25, "dim": 256, "seed": 0},
        "photo-metric": {
            "name": "photo-metric",
            **large,
            "pooling": "gem",
            "head": "ridge",
            "whiten": 0.25,
            "dim": 256,
            "seed": 0,
        },
    }


@pytest.mark.parametrize("record", [FIRST_NOTEBOOK, FIRST_RETRIEVAL], ids=lambda record: record["name"])
def test_a_recipe_of_the_first_stores_is_read_and_recorded_without_change(record: dict[str, Any]) -> None:
    recipe = recipe_of(Embedding(128, "f" * 64, {"recipe": record}))
    assert (recipe.scaling, recipe.pooling, recipe.whiten, recipe.square_root) == ("unit", "flatten", 0.0, False)
    assert recipe.as_json() == record


def test_a_store_keeps_the_photo_recipe_that_it_was_made_with() -> None:
    recipe = recipe_of(Embedding(128, "f" * 64, {"recipe": FIRST_PHOTO}))
    assert recipe.as_json() == FIRST_PHOTO
    assert recipe != RECIPES["photo"]
    assert recipe.layers == ("block5_conv3",)


def test_a_recipe_names_one_layer_or_a_list_of_several() -> None:
    one = recipe_of(Embedding(128, "f" * 64, {"recipe": {**FIRST_PHOTO, "layer": "block4_conv3"}}))
    several = recipe_of(Embedding(128, "f" * 64, {"recipe": {**FIRST_PHOTO, "layer": ["block1_pool", "block4_conv3"]}}))
    assert (one.layers, one.as_json()["layer"]) == (("block4_conv3",), "block4_conv3")
    assert (several.layers, several.as_json()["layer"]) == (
        ("block1_pool", "block4_conv3"),
        ["block1_pool", "block4_conv3"],
    )


def test_recipes_have_names_and_auto_is_none_of_them() -> None:
    assert [recipe_named(name).name for name in RECIPES] == ["notebook", "retrieval", "metric", "photo", "photo-metric"]
    assert recipe_named("retrieval") is recipe_or_auto("retrieval") is recipe_or_auto(RETRIEVAL) is RETRIEVAL
    assert recipe_or_auto(AUTO) is recipe_or_auto(None) is None


def test_all_heads_but_the_random_layer_are_fitted_on_images() -> None:
    assert {name: recipe.head_is_fitted for name, recipe in RECIPES.items()} == {
        "notebook": False,
        "retrieval": True,
        "metric": True,
        "photo": True,
        "photo-metric": True,
    }


def test_the_heads_of_two_recipes_need_labels() -> None:
    assert [name for name, recipe in RECIPES.items() if recipe.needs_labels] == ["metric", "photo-metric"]


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_recipe_is_restored_from_its_record_in_a_store(recipe: Recipe) -> None:
    record = json.loads(json.dumps({"recipe": recipe.as_json()}))
    assert recipe_of(Embedding(recipe.dim, "f" * 64, record)) == recipe


def test_imported_vectors_have_no_recipe() -> None:
    assert error_message(OtherEmbedding, recipe_of, Embedding(4, "0123456789abcdef", {})) == (
        "expected a store whose vectors were made from images, got imported ones (embedding 0123456789ab): "
        "query by id, key or vector, and add items with `lookalike store import`"
    )


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    message = "expected a recipe (notebook, retrieval, metric, photo, photo-metric or a .toml file), got 'Notebook'"
    assert error_message(UnknownRecipe, recipe_named, "Notebook") == message


@pytest.mark.parametrize(
    "record",
    [
        5,
        "retrieval",
        {},
        {"name": "retrieval"},
        {**RETRIEVAL.as_json(), "later": 1},
        {**RETRIEVAL.as_json(), "head": "deeper"},
        {**RETRIEVAL.as_json(), "side": "32"},
        {**RETRIEVAL.as_json(), "layer": ["block3_pool"]},
        {**RETRIEVAL.as_json(), "layer": []},
        {**RETRIEVAL.as_json(), "layer": ["block3_pool", 4]},
    ],
)
def test_a_record_that_is_no_recipe_of_this_version_is_refused(record: object) -> None:
    assert error_message(OtherEmbedding, recipe_of, Embedding(4, "f" * 64, {"recipe": record})) == (
        f"expected a store whose recipe this version of Lookalike knows, got {str(record)[:100]!r}: use the version "
        "that made it, or restore it from a backup"
    )
