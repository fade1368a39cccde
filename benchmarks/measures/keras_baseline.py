"""What throughput is measured against: the notebook's own way to embed, and a large matrix product."""

import numpy as np

from benchmarks.common.timing import seconds_of
from ingest.embedding.network.backbone import Floats
from ingest.embedding.network.backbone_factory import vgg16_backbone
from ingest.embedding.network.precision import Precision
from ingest.embedding.network.weight_files import LAYERS, SHAPES
from ingest.embedding.network.weights import Weights
from ingest.embedding.recipes import NOTEBOOK, Recipe

#: Passes whose rates are told: from one to the next Keras may be half as fast again.
_PASSES = 4

#: Rows and columns of the matrix product: more are no faster.
_LARGE = 4096
_PRODUCTS = 5


def predict_rates(weights: Weights, images: int) -> list[float]:
    """Return the images a second of Keras' `model.predict` as the notebook calls it, in each of a few passes.

    That is the whole VGG16, in float32.
    """
    from ingest.keras.tensorflow import tf

    base = tf.keras.applications.VGG16(include_top=False, weights=None, input_shape=(NOTEBOOK.side, NOTEBOOK.side, 3))
    for layer in LAYERS:
        base.get_layer(layer).set_weights([weights.arrays[f"{layer}/kernel"], weights.arrays[f"{layer}/bias"]])
    flat = tf.keras.layers.Flatten()(base.output)
    model = tf.keras.Model(base.input, tf.keras.layers.Dense(NOTEBOOK.dim, activation="relu")(flat))
    pictures = _noise(images, NOTEBOOK.side)
    # Keras compiles when it first sees a number of images, which would halve the rate of so few.
    model.predict(pictures, verbose=0)
    return [images / seconds_of(lambda: model.predict(pictures, verbose=0)) for _ in range(_PASSES)]


def network_rate(recipe: Recipe, precision: Precision, images: int) -> float:
    """Return the images a second of the project's network alone, fed with full batches: the median of them."""
    backbone = vgg16_backbone()(recipe, precision)
    batch = _noise(backbone.batch_size, recipe.side)
    backbone.features(batch)
    seconds = [seconds_of(lambda: backbone.features(batch)) for _ in range(max(3, images // backbone.batch_size))]
    return backbone.batch_size / float(np.median(seconds))


def product_rate(precision: Precision) -> float:
    """Return the operations a second of a large matrix product, the best of a few."""
    from ingest.keras.tensorflow import tf

    values = np.random.default_rng(0).random((_LARGE, _LARGE), np.float32)
    matrix = tf.cast(tf.constant(values), precision)
    seconds = [seconds_of(lambda: tf.matmul(matrix, matrix).numpy()) for _ in range(_PRODUCTS)]
    return 2 * float(_LARGE) ** 3 / min(seconds)


def operations(recipe: Recipe) -> float:
    """Return how many additions and multiplications the convolutions up to a recipe's layer take for an image."""
    last = int(recipe.layer[len("block")])
    total = 0.0
    for layer in LAYERS:
        block = int(layer[len("block")])
        if block <= last:
            total += 2.0 * np.prod(SHAPES[f"{layer}/kernel"]) * (recipe.side // 2 ** (block - 1)) ** 2
    return total


def _noise(count: int, side: int) -> Floats:
    return np.random.default_rng(0).random((count, side, side, 3), np.float32)
