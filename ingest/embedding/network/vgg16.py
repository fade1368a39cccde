"""VGG16 as a backbone: scaled images go in, the pooled output of a layer comes out."""

from collections.abc import Collection, Iterator

import numpy as np

from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.precision import Precision, PrecisionOption, fastest_cpu_precision
from ingest.embedding.network.weight_files import Arrays
from ingest.embedding.network.weights import Weights
from ingest.embedding.recipes import Recipe
from ingest.embedding.recipes.vgg16_layers import CHANNELS
from ingest.keras.tensorflow import tf

#: Images per batch at 32 by 32 pixels. On the processors measured, a row's bits depend on the other rows with batches
#: of 32 but not of 64. Larger batches are no faster in float32, but they are in bfloat16.
BATCH_SIZES: dict[Precision, int] = {"float32": 64, "bfloat16": 256}

#: The smallest batch, however large the images. A query computes a full batch for its one image: at 224 by 224 pixels
#: in float32 an image takes as long in a batch of 1 as of 16, measured on a processor with AVX2, and has the same bits.
_MIN_BATCHES: dict[Precision, int] = {"float32": 1, "bfloat16": 16}

#: The first compute capability at which NVIDIA's GPUs multiply bfloat16 in hardware.
_BFLOAT16_CAPABILITY = (8, 0)

_DTYPES = {"float32": tf.float32, "bfloat16": tf.bfloat16}

#: ImageNet's mean colour, BGR in 0..255, which was subtracted from the images that VGG16 was trained on.
_MEAN_COLOUR = (103.939, 116.779, 123.68)

#: The power of the generalized mean (GeM); 1 is the mean, infinity the maximum.
#: Radenović, Tolias and Chum, "Fine-tuning CNN Image Retrieval with No Human Annotation", 2018, section 3.2.
_GEM_POWER = 3.0


class Vgg16:
    """VGG16 without its dense layers, up to a recipe's last layer; its layers' outputs are pooled or flattened.

    The layers are those of Keras' `applications.VGG16`. Their weights are constants of the graph here, whose memory
    layout is optimized for the processor once; those of Keras are variables, for which it is done again for each batch.
    """

    def __init__(self, recipe: Recipe, weights: Weights, precision: PrecisionOption = "auto") -> None:
        self.digest = weights.digest
        self.origin = weights.origin
        self.precision = fastest_precision() if precision == "auto" else precision
        self.batch_size = batch_size(recipe.side, self.precision)
        dtype = _DTYPES[self.precision]
        signature = [tf.TensorSpec((self.batch_size, recipe.side, recipe.side, 3), tf.float32)]

        def compute(images: tf.Tensor) -> tf.Tensor:
            outputs = _outputs(recipe.layers, weights.arrays, tf.cast(_scaled(recipe, images), dtype))
            return tf.concat([_pooled(recipe, outputs[layer]) for layer in recipe.layers], axis=1)

        # The function has no Python control flow over tensors, and AutoGraph would take most of the tracing time.
        self._compute = tf.function(compute, input_signature=signature, autograph=False)

    def features(self, images: Float32Array) -> Float32Array:
        """Return the layers' pooled outputs, (batch_size, d) float32, of images, (batch_size, side, side, 3) in 0..1.

        The outputs of several layers stand side by side, in the recipe's order.
        """
        features: Float32Array = np.asarray(self._compute(tf.constant(images)).numpy(), np.float32)
        return features


def _scaled(recipe: Recipe, images: tf.Tensor) -> tf.Tensor:
    return images if recipe.scaling == "unit" else tf.reverse(images * 255.0, axis=[-1]) - tf.constant(_MEAN_COLOUR)


def _outputs(layers: Collection[str], arrays: Arrays, images: tf.Tensor) -> dict[str, tf.Tensor]:
    """Return the outputs of layers for scaled images, (batch_size, height, width, channels) each, from one pass."""
    outputs = {}
    for name, output in _all_outputs(arrays, images):
        if name in layers:
            outputs[name] = output
        if len(outputs) == len(layers):
            return outputs
    raise ValueError(f"expected layers of VGG16, got {layers!r}")


def _all_outputs(arrays: Arrays, images: tf.Tensor) -> Iterator[tuple[str, tf.Tensor]]:
    """Yield the name and output of each layer in order, as it is computed.

    Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015, section 2.1.
    """
    output = images
    for block, widths in CHANNELS.items():
        for number in range(1, len(widths) + 1):
            name = f"block{block}_conv{number}"
            kernel, bias = (tf.constant(arrays[f"{name}/{part}"], output.dtype) for part in ("kernel", "bias"))
            output = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(output, kernel, strides=1, padding="SAME"), bias))
            yield name, output
        output = tf.nn.max_pool2d(output, ksize=2, strides=2, padding="VALID")
        yield f"block{block}_pool", output


def _pooled(recipe: Recipe, output: tf.Tensor) -> tf.Tensor:
    """Return one row per image, (batch_size, d) float32, of a layer's output, (batch_size, height, width, channels)."""
    # Pooling sums in float32, whatever the precision of the layers.
    output = tf.cast(output, tf.float32)
    if recipe.pooling == "flatten":
        return tf.reshape(output, [output.shape[0], -1])
    if recipe.pooling == "mean":
        return tf.reduce_mean(output, axis=[1, 2])
    if recipe.pooling == "max":
        return tf.reduce_max(output, axis=[1, 2])
    # After ReLU no value is negative, so the power is defined.
    return tf.reduce_mean(output**_GEM_POWER, axis=[1, 2]) ** (1 / _GEM_POWER)


def batch_size(side: int, precision: Precision) -> int:
    """Return the images per batch for a side in pixels; all batches have as many pixels, which bounds memory."""
    return max(_MIN_BATCHES[precision], BATCH_SIZES[precision] * 32**2 // side**2)


def fastest_precision() -> Precision:
    """Return the faster precision on the first GPU that TensorFlow sees, or else on this processor."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return fastest_cpu_precision()
    capability = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0))
    return "bfloat16" if capability >= _BFLOAT16_CAPABILITY else "float32"
