"""The fingerprints of the builtin recipes, as literals: a change would shut out existing stores."""

from dataclasses import replace

import numpy as np
import pytest

from ingest.embedding.embedder import Embedder
from ingest.embedding.heads import restore_head
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.recipes import RECIPES, RETRIEVAL
from tests.toys import ToyBackbone

#: `photo` as it was when one layer was enough; stores made with it keep it.
FIRST_PHOTO = replace(RETRIEVAL, name="photo", side=224, layer="block5_conv3", pooling="gem", whiten=1.0)


def head_arrays(dim: int) -> dict[str, Float32Array]:
    """Return arrays for any kind of head from the toy backbone's 4 features to `dim` dimensions."""
    ramp = np.asarray(np.arange(4 * dim).reshape(4, dim) / 8, np.float32)
    return {
        "mean": np.array([1, 2, 3, 4], np.float32),
        "components": ramp,
        "kernel": ramp,
        "bias": np.arange(dim, dtype=np.float32),
    }


@pytest.mark.parametrize(
    ("name", "fingerprint"),
    [
        ("notebook", "3dc250b38f61152c8a4982a02e9e36c3e9703b75290b42badb41954261851c98"),
        ("retrieval", "b6fcdab8b64fe5706e312b7ab131c85cdeb39f1cde2d6ff0b1c560c0d8f41a79"),
        ("metric", "6c529c75bad46b3293b1605bb071875b5d56812261eb5d605f60888793b4bb5a"),
        ("photo, first", "e1410b0d65843c19581060f8bcea71728f7b40de8174eae6fb0b7569a6007c33"),
        ("photo", "7601dc65c0823474ab75a029ee062f6d5202feb94940b7c9b4efb78f8a1cd517"),
    ],
)
def test_a_recipe_has_the_fingerprint_that_it_always_had(name: str, fingerprint: str) -> None:
    recipe = FIRST_PHOTO if name == "photo, first" else RECIPES[name]
    head = restore_head(recipe, head_arrays(recipe.dim))
    embedder = Embedder(recipe, ToyBackbone(side=recipe.side), head, fitted_on=1)
    assert embedder.embedding().fingerprint == fingerprint


def test_the_random_layer_that_notebook_draws_from_its_seed_is_part_of_its_fingerprint() -> None:
    recipe = RECIPES["notebook"]
    images = [np.zeros((32, 32), np.uint8)]
    embedder = Embedder.fit(recipe, ToyBackbone(side=recipe.side), images)
    assert embedder.embedding().fingerprint == "b1aecb5a48a458db71c819335616574d17f3d187c0c8539add5cb90c775ecb48"
