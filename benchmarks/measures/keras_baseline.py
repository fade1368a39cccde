"""The baselines of throughput: Keras' `predict` as the original notebook called it, and a large matrix product."""

from typing import Any

import numpy as np

from benchmarks.common.timing import seconds_of
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.backbone_factory import vgg16_factory
from ingest.embedding.network.precision import Precision
from ingest.embedding.network.weight_files import SHAPES
from ingest.embedding.network.weights import Weights
from ingest.embedding.recipes import NOTEBOOK, Recipe
from ingest.embedding.recipes.vgg16_layers import CONVOLUTIONS

#: Timed passes: Keras' rate may vary by half from one to the next.
_PASSES = 4

#: Rows and columns of the matrix product: a larger one has no higher rate.
_PRODUCT_SIDE = 4096
_PRODUCTS = 5


def keras_notebook(weights: Weights) -> Any:
    """Return the notebook's Keras model: all of VGG16, in float32, and a dense layer as Keras draws it."""
    from ingest.keras.tensorflow import tf

    base = tf.keras.applications.VGG16(include_top=False, weights=None, input_shape=(NOTEBOOK.side, NOTEBOOK.side, 3))
    for layer in CONVOLUTIONS:
        base.get_layer(layer).set_weights([weights.arrays[f"{layer}/kernel"], weights.arrays[f"{layer}/bias"]])
    flat = tf.keras.layers.Flatten()(base.output)
    return tf.keras.Model(base.input, tf.keras.layers.Dense(NOTEBOOK.dim, activation="relu")(flat))


def predict_rates(weights: Weights, images: int) -> list[float]:
    """Return the images per second of Keras' `model.predict` as the notebook calls it, one rate per pass."""
    model = keras_notebook(weights)
    inputs = _noise(images, NOTEBOOK.side)
    # Keras compiles for each new number of images, which would halve the rate of a short run.
    model.predict(inputs, verbose=0)
    return [images / seconds_of(lambda: model.predict(inputs, verbose=0)) for _ in range(_PASSES)]


def network_rate(recipe: Recipe, precision: Precision, images: int) -> float:
    """Return the images per second of the project's network alone on full batches, by the median batch."""
    backbone = vgg16_factory()(recipe, precision)
    batch = _noise(backbone.batch_size, recipe.side)
    backbone.features(batch)
    seconds = [seconds_of(lambda: backbone.features(batch)) for _ in range(max(3, images // backbone.batch_size))]
    return backbone.batch_size / float(np.median(seconds))


def product_rate(precision: Precision) -> float:
    """Return the floating-point operations per second of a large matrix product, the highest of several."""
    from ingest.keras.tensorflow import tf

    values = np.random.default_rng(0).random((_PRODUCT_SIDE, _PRODUCT_SIDE), np.float32)
    matrix = tf.cast(tf.constant(values), precision)
    seconds = [seconds_of(lambda: tf.matmul(matrix, matrix).numpy()) for _ in range(_PRODUCTS)]
    return 2 * float(_PRODUCT_SIDE) ** 3 / min(seconds)


def operations(recipe: Recipe) -> float:
    """Return the additions and multiplications that the convolutions up to a recipe's last layer take for one image."""
    last = max(int(layer[len("block")]) for layer in recipe.layers)
    total = 0.0
    for layer in CONVOLUTIONS:
        block = int(layer[len("block")])
        if block <= last:
            total += 2.0 * np.prod(SHAPES[f"{layer}/kernel"]) * (recipe.side // 2 ** (block - 1)) ** 2
    return total


def _noise(count: int, side: int) -> Float32Array:
    return np.random.default_rng(0).random((count, side, side, 3), np.float32)
