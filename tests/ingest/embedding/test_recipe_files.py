"""Recipes in TOML files: their fields, their defaults, and the errors of those that cannot be carried out."""

import json
from pathlib import Path

import pytest

from ingest.embedding.network.backbone_factory import vgg16_factory
from ingest.embedding.recipes import RECIPES, Recipe, recipe_named
from ingest.embedding.recipes.vgg16_layers import LAYERS
from ingest.errors import RecipeUnusable
from tests.errors import error_message
from tests.ingest.jobs import job
from tests.toys import grey_source

SHORT = {"side": "64", "layer": '"block4_pool"', "head": '"pca"', "dim": "96"}


def written(folder: Path, **changes: str | None) -> Path:
    """Write a short recipe as TOML, with fields changed, added or (None) left out; return its path."""
    fields = {**SHORT, **changes}
    path = folder / "mine.toml"
    path.write_text("".join(f"{name} = {value}\n" for name, value in fields.items() if value is not None))
    return path


def refusal(path: Path) -> str:
    """Return the error of a recipe, without the file's folder."""
    return error_message(RecipeUnusable, recipe_named, str(path)).replace(f"{path.parent}/", "")


def test_a_short_recipe_is_named_after_its_file_and_has_the_defaults(tmp_path: Path) -> None:
    assert recipe_named(str(written(tmp_path))) == Recipe(
        "mine", 64, "area", "block4_pool", unit_length=True, head="pca", dim=96, seed=0
    )


def test_a_recipe_may_set_every_field(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        name='"icons"',
        interpolation='"linear"',
        scaling='"caffe"',
        pooling='"gem"',
        unit_length="false",
        whiten="0.5",
        square_root="true",
        seed="7",
    )
    assert recipe_named(str(path)) == Recipe(
        "icons",
        side=64,
        interpolation="linear",
        layer="block4_pool",
        unit_length=False,
        head="pca",
        dim=96,
        seed=7,
        scaling="caffe",
        pooling="gem",
        whiten=0.5,
        square_root=True,
    )


def test_a_recipe_may_join_the_features_of_several_layers(tmp_path: Path) -> None:
    path = written(tmp_path, layer='["block5_conv3", "block3_conv3"]', head='"none"', dim=None, pooling='"gem"')
    recipe = recipe_named(str(path))
    assert (recipe.layer, recipe.dim) == (("block5_conv3", "block3_conv3"), 512 + 256)


@pytest.mark.parametrize(("pooling", "dim"), [('"flatten"', 8192), ('"mean"', 512), ('"max"', 512), ('"gem"', 512)])
def test_without_a_head_there_are_as_many_dimensions_as_features(tmp_path: Path, pooling: str, dim: int) -> None:
    assert recipe_named(str(written(tmp_path, head='"none"', dim=None, pooling=pooling))).dim == dim


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"pool": '"gem"'},
            "expected the fields name, side, interpolation, layer, unit_length, head, dim, seed, scaling, pooling, "
            "whiten, square_root, got 'pool', in the recipe mine.toml: correct it",
        ),
        ({"layer": None}, "expected the field `layer`, got none, in the recipe mine.toml: correct it"),
        ({"side": '"64"'}, "expected `side` to be a whole number, got '64', in the recipe mine.toml: correct it"),
        ({"side": "true"}, "expected `side` to be a whole number, got True, in the recipe mine.toml: correct it"),
        (
            {"unit_length": "1"},
            "expected `unit_length` to be true or false, got 1, in the recipe mine.toml: correct it",
        ),
        ({"whiten": "true"}, "expected `whiten` to be a number, got True, in the recipe mine.toml: correct it"),
        (
            {"pooling": '"average"'},
            "expected `pooling` to be flatten, mean, max or gem, got 'average', in the recipe mine.toml: correct it",
        ),
        (
            {"scaling": "[]"},
            "expected `scaling` to be unit or caffe, got [], in the recipe mine.toml: correct it",
        ),
        (
            {"name": '"photo"'},
            "expected a name other than notebook, retrieval, metric, photo, photo-metric in the recipe mine.toml, got "
            "'photo': give it a `name` of its own",
        ),
        (
            {"side": "28"},
            "expected `side` from 32 to 512 pixels in the recipe mine, got 28: VGG16 takes no smaller image, and "
            "larger ones take too much memory",
        ),
        (
            {"layer": '"fc1"'},
            f"expected `layer` to be one of {', '.join(LAYERS)} in the recipe mine, got 'fc1'",
        ),
        (
            {"layer": '"fc1"', "head": '"none"', "dim": None},
            f"expected `layer` to be one of {', '.join(LAYERS)} in the recipe mine, got 'fc1'",
        ),
        (
            {"layer": '["block4_pool", "fc1"]', "head": '"none"', "dim": None},
            f"expected `layer` to be one of {', '.join(LAYERS)} in the recipe mine, got 'fc1'",
        ),
        (
            {"layer": '["block4_pool", "block4_pool"]'},
            "expected each `layer` once in the recipe mine, got block4_pool, block4_pool",
        ),
        (
            {"layer": '["block4_pool"]'},
            "expected `layer` to be text or a list of at least 2 texts, got ['block4_pool'], in the recipe mine.toml: "
            "correct it",
        ),
        ({"seed": "-1"}, "expected `seed` from 0 to 4294967295 in the recipe mine, got -1"),
        ({"whiten": "1.5"}, "expected `whiten` from 0 to 1 in the recipe mine, got 1.5"),
        ({"whiten": "nan"}, "expected `whiten` from 0 to 1 in the recipe mine, got nan"),
        (
            {"whiten": "1", "head": '"dense"'},
            "expected `whiten` with the head pca or ridge only in the recipe mine, got it with dense: remove it",
        ),
        (
            {"layer": '"block1_pool"'},
            "expected at most 16,384 features per image in the recipe mine, got 65,536: choose the pooling gem, a "
            "later layer or a smaller side",
        ),
        (
            {"pooling": '"gem"', "dim": "513"},
            "expected 1 to 512 dimensions (the number of features) in the recipe mine, got 513: change its `dim`",
        ),
        (
            {"head": '"trained"', "dim": "0"},
            "expected at least 1 dimension in the recipe mine, got 0: change its `dim`",
        ),
        (
            {"head": '"none"', "pooling": '"gem"'},
            "expected 512 dimensions (the number of features) in the recipe mine, which has no head, got 96: change "
            "its `dim`, or choose the head pca",
        ),
    ],
    ids=str,
)
def test_a_recipe_that_cannot_be_carried_out_is_refused_with_the_reason(
    tmp_path: Path, changes: dict[str, str | None], message: str
) -> None:
    assert refusal(written(tmp_path, **changes)) == message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"side = ", "Invalid value (at end of document)"),
        (b"side = 32\nside = 64\n", "Cannot overwrite a value (at line 2, column 10)"),
        (b"\xff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b"#" * 100_001, "more than 100,000 bytes"),
    ],
    ids=["no value", "twice", "no text", "too large"],
)
def test_a_file_that_is_not_toml_is_refused_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    assert refusal(path) == f"expected a recipe in TOML, got mine.toml: {reason}"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "mine.toml") == "expected a recipe in TOML, got mine.toml: No such file or directory"


def test_an_impossible_recipe_from_code_is_refused_before_anything_is_read_or_embedded(tmp_path: Path) -> None:
    small = Recipe("small", 28, "area", "block3_pool", unit_length=True, head="pca", dim=128)
    factory = vgg16_factory("no such file.h5")
    assert error_message(RecipeUnusable, job, grey_source({"a": 1}), tmp_path / "store", factory, recipe=small) == (
        "expected `side` from 32 to 512 pixels in the recipe small, got 28: VGG16 takes no smaller image, and larger "
        "ones take too much memory"
    )
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_every_builtin_recipe_can_be_written_to_a_file_under_another_name(tmp_path: Path, recipe: Recipe) -> None:
    # JSON's texts, numbers, lists and booleans are TOML's.
    quoted = {name: json.dumps(value) for name, value in {**recipe.as_json(), "name": "mine"}.items()}
    read = recipe_named(str(written(tmp_path, **quoted)))
    assert {**read.as_json(), "name": recipe.name} == recipe.as_json()
