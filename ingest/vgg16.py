"""VGG16 as a backbone; the only file that imports TensorFlow."""

import contextlib
import os
import sys
from collections.abc import Iterator

import numpy as np

from ingest.backbone import Floats
from ingest.recipes import Recipe
from ingest.weight_files import LAYERS
from ingest.weights import Weights


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what TensorFlow's libraries write about drivers and processors while they load out of standard error."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


with _quiet():
    import tensorflow as tf

    tf.config.list_physical_devices()

#: Every batch has this many images. On processors tried, a row's bits depend on its neighbours at 32 but not at 64,
#: and larger batches are no faster.
BATCH_SIZE = 64


class Vgg16:
    """VGG16 without its top, cut at a recipe's layer; features are flattened."""

    batch_size = BATCH_SIZE

    def __init__(self, recipe: Recipe, weights: Weights) -> None:
        self.digest = weights.digest
        self.origin = weights.origin
        shape = (recipe.side, recipe.side, 3)
        base = tf.keras.applications.VGG16(include_top=False, weights=None, input_shape=shape)
        for layer in LAYERS:
            base.get_layer(layer).set_weights([weights.arrays[f"{layer}/kernel"], weights.arrays[f"{layer}/bias"]])
        flat = tf.keras.layers.Flatten()(base.get_layer(recipe.layer).output)
        model = tf.keras.Model(base.input, flat)
        signature = [tf.TensorSpec((BATCH_SIZE, *shape), tf.float32)]
        self._compute = tf.function(lambda images: model(images, training=False), input_signature=signature)

    def features(self, images: Floats) -> Floats:
        """Return the layer's output, (batch_size, d) float32, of images, (batch_size, side, side, 3) in 0..1."""
        features: Floats = np.asarray(self._compute(tf.constant(images)).numpy(), np.float32)
        return features


def download_weights() -> None:
    """Have Keras download VGG16's ImageNet weights into its cache."""
    # Keras shows its progress on standard output, where a command's results go.
    with contextlib.redirect_stdout(sys.stderr):
        tf.keras.applications.VGG16(include_top=False, weights="imagenet", input_shape=(32, 32, 3))


def download_data(name: str) -> None:
    """Have Keras download one of its data sets, `mnist` or `fashion_mnist`, into its cache."""
    with contextlib.redirect_stdout(sys.stderr):
        getattr(tf.keras.datasets, name).load_data()
