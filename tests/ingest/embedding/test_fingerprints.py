"""The fingerprints of the builtin recipes, as literals: a change would shut out existing stores."""

from dataclasses import replace

import numpy as np
import pytest

from ingest.embedding.embedder import Embedder
from ingest.embedding.heads import restore_head
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.recipes import RECIPES, RETRIEVAL, Recipe
from tests.toys import ToyBackbone

#: `photo` as it was when one layer was enough; stores made with it keep it.
FIRST_PHOTO = replace(RETRIEVAL, name="photo", side=224, layer="block5_conv3", pooling="gem", whiten=1.0)


def head_arrays(recipe: Recipe) -> dict[str, Float32Array]:
    """Return arrays for the recipe's head, from the toy backbone's 4 features to its dimensions."""
    ramp = np.asarray(np.arange(4 * recipe.dim).reshape(4, recipe.dim) / 8, np.float32)
    if recipe.name in ("notebook", "metric"):
        return {"kernel": ramp, "bias": np.arange(recipe.dim, dtype=np.float32)}
    return {"mean": np.array([1, 2, 3, 4], np.float32), "components": ramp}


@pytest.mark.parametrize(
    ("name", "fingerprint"),
    [
        ("notebook", "1c97c13afe0d8ffc41d4d7dec3725367c1f7016ac6c7b907b76a4bf2a530108f"),
        ("retrieval", "5d8fdbba9ce137dbce2cc571d34bc6cd393a21d6bbd8a7e751e87d63c68476b4"),
        ("metric", "525e01b7d6b3de390f143a500e29987fe4991ebf501f2dca53bef333042e5204"),
        ("photo, first", "2d898fef0502d9dea3dd6e3c684531f27eb64451723cf829c50cf92997feb936"),
        ("photo", "31b10e0679b605989a1f7f7c4f2f77cadd1d3bc709d58fa5b320003f23579dbd"),
        ("photo-metric", "bb9fd6e3cc5b31f9ab1cf1b58a08c92a026232f497a2f8e81c9580e8647e0424"),
    ],
)
def test_a_recipe_has_the_fingerprint_that_it_always_had(name: str, fingerprint: str) -> None:
    recipe = FIRST_PHOTO if name == "photo, first" else RECIPES[name]
    head = restore_head(recipe, head_arrays(recipe))
    embedder = Embedder(recipe, ToyBackbone(side=recipe.side), head, fitted_on=1)
    assert embedder.embedding().fingerprint == fingerprint


def test_the_random_layer_that_notebook_draws_from_its_seed_is_part_of_its_fingerprint() -> None:
    recipe = RECIPES["notebook"]
    images = [np.zeros((32, 32), np.uint8)]
    embedder = Embedder.fit(recipe, ToyBackbone(side=recipe.side), images)
    assert embedder.embedding().fingerprint == "9ec15fed09d7a1278b8b074267263d4bd4af8039fcd62e08e1c2c51dfe562b3f"
