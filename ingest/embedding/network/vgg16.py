"""VGG16 as a backbone: scaled images go in, the pooled output of a layer comes out."""

import contextlib
import sys

import numpy as np

from ingest.embedding.network.backbone import Floats
from ingest.embedding.network.precision import Asked, Precision, precision_of_processor
from ingest.embedding.network.weight_files import CHANNELS, Arrays
from ingest.embedding.network.weights import Weights
from ingest.embedding.recipes import Recipe
from ingest.keras.tensorflow import tf

#: How many images of 32 by 32 every batch has. On processors tried, a row's bits depend on its neighbours at 32 but
#: not at 64, and larger batches of float32 are no faster; bfloat16 is done with so soon that more are worth it.
BATCH_SIZES: dict[Precision, int] = {"float32": 64, "bfloat16": 256}

#: Fewer are not handed over, however large the images.
_SMALLEST_BATCH = 16

#: NVIDIA's processors multiply bfloat16 in hardware from this compute capability on.
_FIRST_BFLOAT16 = (8, 0)

_TYPES = {"float32": tf.float32, "bfloat16": tf.bfloat16}

#: ImageNet's mean colour, blue first, in 0..255: what VGG16 was trained to have subtracted.
_MEAN_COLOUR = (103.939, 116.779, 123.68)

#: The power of the generalised mean: between the mean, 1, and the largest value, infinity.
#: Radenović, Tolias and Chum, "Fine-tuning CNN Image Retrieval with No Human Annotation", 2018, section 3.2.
_GEM_POWER = 3.0


class Vgg16:
    """VGG16 without its top, cut at a recipe's layer, whose output is pooled or flattened.

    The layers are those of Keras' `applications.VGG16`. Their weights are constants of the graph here, which are laid
    out for the processor once; Keras has variables, for which that is done again with every batch.
    """

    def __init__(self, recipe: Recipe, weights: Weights, precision: Asked = "auto") -> None:
        self.digest = weights.digest
        self.origin = weights.origin
        self.precision = fastest_precision() if precision == "auto" else precision
        self.batch_size = batch_size(recipe.side, self.precision)
        kind = _TYPES[self.precision]
        signature = [tf.TensorSpec((self.batch_size, recipe.side, recipe.side, 3), tf.float32)]

        def compute(images: tf.Tensor) -> tf.Tensor:
            return _pooled(recipe, _output(recipe.layer, weights.arrays, tf.cast(_scaled(recipe, images), kind)))

        # Nothing in it is for AutoGraph to translate, which takes longer than all else that is traced.
        self._compute = tf.function(compute, input_signature=signature, autograph=False)

    def features(self, images: Floats) -> Floats:
        """Return the layer's pooled output, (batch_size, d) float32, of images, (batch_size, side, side, 3) in 0..1."""
        features: Floats = np.asarray(self._compute(tf.constant(images)).numpy(), np.float32)
        return features


def _scaled(recipe: Recipe, images: tf.Tensor) -> tf.Tensor:
    return images if recipe.scaling == "unit" else tf.reverse(images * 255.0, axis=[-1]) - tf.constant(_MEAN_COLOUR)


def _output(layer: str, arrays: Arrays, images: tf.Tensor) -> tf.Tensor:
    """Return what a layer makes of scaled images, (batch_size, height, width, channels).

    Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015, section 2.1.
    """
    output = images
    for block, widths in CHANNELS.items():
        for number in range(1, len(widths) + 1):
            name = f"block{block}_conv{number}"
            kernel, bias = (tf.constant(arrays[f"{name}/{part}"], output.dtype) for part in ("kernel", "bias"))
            output = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(output, kernel, strides=1, padding="SAME"), bias))
            if name == layer:
                return output
        output = tf.nn.max_pool2d(output, ksize=2, strides=2, padding="VALID")
        if layer == f"block{block}_pool":
            return output
    raise ValueError(f"expected a layer of VGG16, got {layer!r}")


def _pooled(recipe: Recipe, output: tf.Tensor) -> tf.Tensor:
    """Return one row an image, (batch_size, d) float32, of a layer's output, (batch_size, height, width, channels)."""
    # The sums over places are float32's, whatever the layers compute in.
    wide = tf.cast(output, tf.float32)
    if recipe.pooling == "flatten":
        return tf.reshape(wide, [wide.shape[0], -1])
    if recipe.pooling == "mean":
        return tf.reduce_mean(wide, axis=[1, 2])
    if recipe.pooling == "max":
        return tf.reduce_max(wide, axis=[1, 2])
    # What comes out of a layer is never negative.
    return tf.reduce_mean(wide**_GEM_POWER, axis=[1, 2]) ** (1 / _GEM_POWER)


def batch_size(side: int, precision: Precision) -> int:
    """Return how many images of a side a batch has: as many pixels as at 32, which bounds the memory."""
    return max(_SMALLEST_BATCH, BATCH_SIZES[precision] * 32**2 // side**2)


def fastest_precision() -> Precision:
    """Return the faster precision on the GPU that TensorFlow sees, or else on this processor."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return precision_of_processor()
    capability = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0))
    return "bfloat16" if capability >= _FIRST_BFLOAT16 else "float32"


def download_weights() -> None:
    """Have Keras download VGG16's ImageNet weights into its cache."""
    # Keras shows its progress on standard output, where a command's results go.
    with contextlib.redirect_stdout(sys.stderr):
        tf.keras.applications.VGG16(include_top=False, weights="imagenet", input_shape=(32, 32, 3))


def download_data(name: str) -> None:
    """Have Keras download one of its data sets, `mnist` or `fashion_mnist`, into its cache."""
    with contextlib.redirect_stdout(sys.stderr):
        getattr(tf.keras.datasets, name).load_data()
