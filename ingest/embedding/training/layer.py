"""Train a dense layer with TensorFlow, so that vectors of equal labels point the same way.

The labels are guessed from the cosines between an image's vector and one direction a label, less a margin for the
right one: Wang and others, "CosFace: Large Margin Cosine Loss for Deep Face Recognition", 2018. The directions are
thrown away afterwards.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ingest.embedding.network.backbone import Floats
from ingest.embedding.training.epoch import Epoch
from ingest.embedding.training.rows import Rows
from ingest.keras.tensorflow import tf

#: Passes over the rows: enough for STEPS steps, within these bounds.
EPOCHS = (20, 400)
STEPS = 2_000
#: Epochs without a smaller loss on what was held back before the training stops.
PATIENCE = 6
BATCH_SIZE = 128
LEARNING_RATE = 1e-3
#: What cosines are multiplied with to be logits, and what the right one must be ahead by.
SCALE = 16.0
MARGIN = 0.2


def train_layer(
    rows: Rows, held: Rows, labels: int, dim: int, seed: int, on_epoch: Callable[[Epoch], None]
) -> tuple[Floats, Floats]:
    """Return the kernel (d, dim) and bias (dim,) float32 of a layer trained on rows of so many labels.

    It stops when it no longer gets better at what is held back, and returns the layer that was best. A seed gives
    the same bits on one machine.
    """
    tf.config.experimental.enable_op_determinism()
    generator = np.random.RandomState(seed)
    width = rows.features.shape[1]
    variables = [
        tf.Variable(array.astype(np.float32))
        for array in (
            generator.standard_normal((width, dim)) / np.sqrt(width),
            np.zeros(dim),
            generator.standard_normal((dim, labels)) / np.sqrt(dim),
        )
    ]
    steps = -(-len(rows) // BATCH_SIZE)
    epochs = int(np.clip(-(-STEPS // steps), *EPOCHS))
    optimizer = tf.keras.optimizers.Adam(tf.keras.optimizers.schedules.CosineDecay(LEARNING_RATE, epochs * steps))

    def take(features: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss, _ = _judged(variables, features, wanted)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    signature = [tf.TensorSpec((None, width), tf.float32), tf.TensorSpec((None,), tf.int64)]
    step = tf.function(take, input_signature=signature)
    best, least, waited = _kept(variables), np.inf, 0
    for number in range(1, epochs + 1):
        loss = 0.0
        for features, wanted in _shuffled(rows, generator):
            loss += float(step(features, wanted)) * len(wanted) / len(rows)
        held_loss, accuracy = _validated(variables, held)
        on_epoch(Epoch(number, epochs, loss, accuracy))
        if held_loss is None or held_loss < least:
            best, least, waited = _kept(variables), np.inf if held_loss is None else held_loss, 0
        else:
            waited += 1
        if waited == PATIENCE:
            break
    return best


def _judged(variables: list[tf.Variable], features: tf.Tensor, wanted: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the mean loss of rows and the share whose label is guessed right, by the nearest direction."""
    kernel, bias, directions = variables
    vectors = tf.math.l2_normalize(features @ kernel + bias, axis=1)
    cosines = vectors @ tf.math.l2_normalize(directions, axis=0)
    logits = SCALE * (cosines - MARGIN * tf.one_hot(wanted, directions.shape[1]))
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(wanted, logits))
    right = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(cosines, axis=1), wanted), tf.float32))
    return loss, right


def _shuffled(rows: Rows, generator: np.random.RandomState) -> Iterator[tuple[Floats, NDArray[np.int64]]]:
    order = generator.permutation(len(rows))
    for start in range(0, len(order), BATCH_SIZE):
        chosen = order[start : start + BATCH_SIZE]
        yield rows.features[chosen].astype(np.float32), rows.labels[chosen]


def _validated(variables: list[tf.Variable], held: Rows) -> tuple[float, float] | tuple[None, None]:
    """Return the loss and the accuracy on what is held back, if anything is."""
    if not len(held):
        return None, None
    loss, right = _judged(variables, tf.constant(held.features, tf.float32), tf.constant(held.labels))
    return float(loss), float(right)


def _kept(variables: list[tf.Variable]) -> tuple[Floats, Floats]:
    kernel, bias, _ = variables
    return kernel.numpy(), bias.numpy()
