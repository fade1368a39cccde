"""The embedder: its vectors, its fingerprint, and the stores that it refuses."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
import pytest

from ingest.embedding import embedder as module
from ingest.embedding.embedder import Embedder, drift_message
from ingest.embedding.features import compute_features, network_input
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.caching_backbone import CachingBackbone
from ingest.embedding.recipes import Recipe
from ingest.errors import EmbeddingDrift, SourceUnusable
from ingest.images.decoding import DECODER
from ingest.images.images import Image
from storage.errors import OtherEmbedding
from tests.errors import error_message
from tests.toys import TOY, ToyBackbone, grey, noise

RANDOM_DENSE = dataclasses.replace(TOY, head="dense")


class OtherPrecision(ToyBackbone):
    """The toy backbone on a machine whose features are all larger by a factor."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self._factor = np.float32(factor)

    def features(self, images: Float32Array) -> Float32Array:
        return np.asarray(super().features(images) * self._factor, np.float32)


def pictures(count: int) -> list[Image]:
    return list(noise(count, 9, 9, 3, seed=3))


def fitted(
    recipe: Recipe = TOY, backbone: ToyBackbone | None = None, images: Iterable[Image] | None = None
) -> Embedder:
    return Embedder.fit(recipe, backbone or ToyBackbone(), images if images is not None else pictures(20))


def fingerprint(recipe: Recipe = RANDOM_DENSE, backbone: ToyBackbone | None = None) -> str:
    return fitted(recipe, backbone).embedding().fingerprint


def test_the_distance_of_images_of_one_level_is_twice_their_difference() -> None:
    vectors = fitted().embed([grey(0), grey(51), grey(255)])
    assert (vectors.shape, str(vectors.dtype)) == ((3, 4), "float32")
    assert np.linalg.norm(vectors[0] - vectors[1]) == pytest.approx(0.4, abs=1e-6)
    assert np.linalg.norm(vectors[1] - vectors[2]) == pytest.approx(1.6, abs=1e-6)
    assert np.linalg.norm(vectors[0] - vectors[2]) == pytest.approx(2.0, abs=1e-6)


def test_with_unit_length_all_grey_levels_but_black_have_the_same_vector() -> None:
    vectors = fitted(dataclasses.replace(TOY, unit_length=True)).embed([grey(51), grey(204), grey(0)])
    assert np.linalg.norm(vectors[0] - vectors[1]) == pytest.approx(0, abs=1e-6)
    # Each grey's features are (1/2, 1/2, 1/2, 1/2); black has no direction, and stays zero.
    assert np.linalg.norm(vectors[0] - vectors[2]) == pytest.approx(1, abs=1e-6)


def test_no_images_give_no_vectors() -> None:
    vectors = fitted().embed([])
    assert (vectors.shape, str(vectors.dtype)) == ((0, 4), "float32")


@pytest.mark.parametrize("recipe", [TOY, RANDOM_DENSE], ids=["pca", "dense"])
def test_an_images_vector_has_the_same_bits_alone_and_anywhere_among_others(recipe: Recipe) -> None:
    images = pictures(21)
    embedder = fitted(recipe, images=images)
    together = embedder.embed(images)
    np.testing.assert_array_equal(np.concatenate([embedder.embed([image]) for image in images]), together)
    np.testing.assert_array_equal(embedder.embed(images[::-1]), together[::-1])


def test_fitting_without_an_image_is_refused() -> None:
    assert error_message(SourceUnusable, fitted, images=[]) == "expected at least one image to fit a head on, got none"


def test_fitting_reports_the_images_done_after_each_batch_of_the_backbone() -> None:
    done: list[int] = []
    Embedder.fit(TOY, ToyBackbone(), iter(pictures(20)), done.append)
    assert done == [8, 16, 20]


def test_a_caching_backbone_computes_only_batches_with_a_new_image_and_gives_the_same_bits() -> None:
    backbone = ToyBackbone()
    # One more than the images: the black one that the last batch is padded with.
    embedder = Embedder.fit(TOY, CachingBackbone(backbone, capacity=21), pictures(20))
    assert backbone.batches == 3
    vectors = embedder.embed(pictures(20))
    assert backbone.batches == 3
    np.testing.assert_array_equal(vectors, fitted().embed(pictures(20)))
    embedder.embed([grey(1), *pictures(20)])
    assert backbone.batches == 4


def test_a_caching_backbone_computes_images_beyond_its_capacity_again() -> None:
    backbone = ToyBackbone()
    cached = CachingBackbone(backbone, capacity=8)
    for _ in range(2):
        list(compute_features(TOY, cached, [network_input(TOY, image) for image in pictures(20)]))
    # The first batch of eight is in the cache, the other two are not.
    assert backbone.batches == 3 + 2


def test_the_spec_describes_how_the_vectors_were_made() -> None:
    spec = dict(fitted().embedding().spec)
    spec.pop("opencv")
    assert spec == {
        "recipe": {
            "name": "toy",
            "side": 4,
            "interpolation": "area",
            "layer": "quadrants",
            "unit_length": False,
            "head": "pca",
            "dim": 4,
            "seed": 0,
        },
        "weights": {"digest": "toy weights", "origin": "a toy"},
        "decoder": DECODER,
        "precision": "float32",
        "fitted_on": 20,
    }


def test_the_arrays_are_the_heads_and_the_canaries_vectors() -> None:
    embedding = fitted().embedding()
    assert {name: (array.shape, str(array.dtype)) for name, array in embedding.arrays.items()} == {
        "head.mean": ((4,), "float32"),
        "head.components": ((4, 4), "float32"),
        "canaries": ((4, 4), "float32"),
    }
    assert embedding.dim == 4


def test_the_same_recipe_backbone_and_images_give_the_same_fingerprint() -> None:
    assert fingerprint(RANDOM_DENSE) == fingerprint(RANDOM_DENSE)
    assert fingerprint(TOY) == fingerprint(TOY)


@pytest.mark.parametrize(
    "change",
    [{"side": 2}, {"interpolation": "linear"}, {"layer": "other"}, {"unit_length": True}, {"dim": 3}, {"seed": 1}],
    ids=str,
)
def test_another_recipe_has_another_fingerprint(change: dict[str, Any]) -> None:
    class AnySide(ToyBackbone):
        def features(self, images: Float32Array) -> Float32Array:
            return np.repeat(images.mean(axis=(1, 2, 3), dtype=np.float32)[:, np.newaxis], 4, axis=1)

    assert fingerprint(dataclasses.replace(RANDOM_DENSE, **change), AnySide()) != fingerprint(RANDOM_DENSE, AnySide())


def test_other_weights_have_another_fingerprint() -> None:
    assert fingerprint(backbone=ToyBackbone("other weights")) != fingerprint()


def test_a_head_fitted_on_other_images_has_another_fingerprint() -> None:
    first, other = fitted(images=pictures(20)), fitted(images=pictures(19))
    assert first.embedding().fingerprint != other.embedding().fingerprint


def test_another_decoder_has_another_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint()
    monkeypatch.setattr(module, "DECODER", "another decoder")
    assert fingerprint() != before


def test_names_origins_and_versions_do_not_change_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint()
    monkeypatch.setattr(cv2, "__version__", "9.9.9")
    elsewhere = ToyBackbone()
    elsewhere.origin = "elsewhere"
    renamed = fitted(dataclasses.replace(RANDOM_DENSE, name="another name"), elsewhere, pictures(5)).embedding()
    assert renamed.fingerprint == before
    assert (renamed.spec["opencv"], renamed.spec["weights"]["origin"]) == ("9.9.9", "elsewhere")


@pytest.mark.parametrize("recipe", [TOY, RANDOM_DENSE], ids=["pca", "dense"])
def test_a_restored_embedder_gives_the_same_bits_and_the_same_embedding(recipe: Recipe) -> None:
    embedder = fitted(recipe)
    restored = Embedder.restore(embedder.embedding(), ToyBackbone())
    np.testing.assert_array_equal(restored.embed(pictures(20)), embedder.embed(pictures(20)))
    assert restored.recipe == recipe
    assert (restored.embedding().fingerprint, restored.embedding().spec) == (
        embedder.embedding().fingerprint,
        embedder.embedding().spec,
    )


def test_other_weights_of_equal_dimension_are_refused() -> None:
    stored = fitted(RANDOM_DENSE).embedding()
    assert error_message(OtherEmbedding, Embedder.restore, stored, ToyBackbone("other weights")) == (
        "expected to embed images as the store's were (weights toy weights), got weights other weights: name its "
        "weights with --weights, or make its vectors anew with `lookalike renew --store DIR`; until then ask for items "
        "by id, key or vector"
    )


@pytest.mark.parametrize("factor", [1.005, 0.995])
def test_a_small_drift_on_another_machine_is_accepted_and_reported(factor: float) -> None:
    restored = Embedder.restore(fitted(RANDOM_DENSE).embedding(), OtherPrecision(factor))
    assert restored.drift == pytest.approx(0.005, rel=1e-3)
    assert drift_message(restored.drift) == (
        "this machine embeds the store's test images 0.50% away from the store's vectors, as another precision or "
        "processor does; up to 2.0% is accepted"
    )


def test_a_negligible_drift_is_not_reported() -> None:
    assert fitted(RANDOM_DENSE).drift is None
    assert Embedder.restore(fitted(RANDOM_DENSE).embedding(), ToyBackbone()).drift == 0.0
    assert [drift_message(drift) for drift in (None, 0.0, 0.00009)] == [None, None, None]


# A random layer without a bias is proportional to its features, so the vectors change by the same factor.
@pytest.mark.parametrize(("factor", "drift"), [(1.03, "3.0%"), (0.95, "5.0%"), (2.0, "100.0%"), (np.nan, "nan%")])
def test_a_large_drift_is_refused_with_its_size(factor: float, drift: str) -> None:
    stored = fitted(RANDOM_DENSE).embedding()
    assert error_message(EmbeddingDrift, Embedder.restore, stored, OtherPrecision(factor)) == (
        "expected this machine to embed the store's test images within 2.0% of the store's vectors, "
        f"got {drift}: use the TensorFlow version and precision that the store was made with"
    )
