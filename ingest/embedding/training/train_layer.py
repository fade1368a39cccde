"""Train a dense layer with TensorFlow, so that the vectors of equal labels point in the same direction.

The loss is a softmax over the cosines between a vector and one trained direction per label, with a margin subtracted
from the true label's: Wang and others, "CosFace: Large Margin Cosine Loss for Deep Face Recognition", 2018. The
directions are discarded after the training.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.training.epoch import Epoch
from ingest.embedding.training.labelled_features import LabelledFeatures
from ingest.keras.tensorflow import tf

#: The fewest and the most epochs; within these bounds as many as STEPS steps take.
EPOCHS = (20, 400)
STEPS = 2_000
#: Early stopping: epochs without a smaller validation loss before the training stops.
PATIENCE = 6
BATCH_SIZE = 128
LEARNING_RATE = 1e-3
#: From so many rows on, batches and steps are larger and epochs fewer. Trained on 50,000 digits of MNIST and tried on
#: 10,000 other ones of the training part, 0.44 % have a nearest neighbour of another label, for 0.54 % without, in half
#: of the processor time.
MANY_ROWS = 30_000
LARGE_BATCH_SIZE = 512
LARGE_LEARNING_RATE = 2e-3
LARGE_EPOCHS = 12
#: CosFace's factor from cosines to logits, and the margin of the true label.
SCALE = 16.0
MARGIN = 0.2


def train_layer(
    training: LabelledFeatures,
    validation: LabelledFeatures,
    labels: int,
    dim: int,
    seed: int,
    on_epoch: Callable[[Epoch], None],
) -> tuple[Float32Array, Float32Array]:
    """Return the kernel (d, dim) and bias (dim,) float32 of a layer trained to separate this number of labels.

    With a validation set the training stops early, and the layer of the smallest validation loss is returned. A seed
    gives the same bits on the same machine.
    """
    tf.config.experimental.enable_op_determinism()
    generator = np.random.RandomState(seed)
    width = training.features.shape[1]
    variables = [
        tf.Variable(array.astype(np.float32))
        for array in (
            generator.standard_normal((width, dim)) / np.sqrt(width),
            np.zeros(dim),
            generator.standard_normal((dim, labels)) / np.sqrt(dim),
        )
    ]
    are_many = len(training) >= MANY_ROWS
    batch_size = LARGE_BATCH_SIZE if are_many else BATCH_SIZE
    learning_rate = LARGE_LEARNING_RATE if are_many else LEARNING_RATE
    steps = -(-len(training) // batch_size)
    epochs = LARGE_EPOCHS if are_many else int(np.clip(-(-STEPS // steps), *EPOCHS))
    optimizer = tf.keras.optimizers.Adam(tf.keras.optimizers.schedules.CosineDecay(learning_rate, epochs * steps))

    def step(features: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss, _ = _loss_and_accuracy(variables, features, targets)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    signature = [tf.TensorSpec((None, width), tf.float32), tf.TensorSpec((None,), tf.int64)]
    train_step = tf.function(step, input_signature=signature)
    best, best_loss, epochs_since_best = _layer(variables), np.inf, 0
    for number in range(1, epochs + 1):
        loss = 0.0
        for features, targets in _shuffled_batches(training, batch_size, generator):
            loss += float(train_step(features, targets)) * len(targets) / len(training)
        validation_loss, accuracy = _validate(variables, validation)
        on_epoch(Epoch(number, epochs, loss, accuracy))
        if validation_loss is None:
            best = _layer(variables)
        elif validation_loss < best_loss:
            best, best_loss, epochs_since_best = _layer(variables), validation_loss, 0
        else:
            epochs_since_best += 1
        if epochs_since_best == PATIENCE:
            break
    return best


def _loss_and_accuracy(
    variables: list[tf.Variable], features: tf.Tensor, targets: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the mean loss, and the share of rows whose nearest direction is that of their label."""
    kernel, bias, directions = variables
    vectors = tf.math.l2_normalize(features @ kernel + bias, axis=1)
    cosines = vectors @ tf.math.l2_normalize(directions, axis=0)
    logits = SCALE * (cosines - MARGIN * tf.one_hot(targets, directions.shape[1]))
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits))
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(cosines, axis=1), targets), tf.float32))
    return loss, accuracy


def _shuffled_batches(
    training: LabelledFeatures, batch_size: int, generator: np.random.RandomState
) -> Iterator[tuple[Float32Array, NDArray[np.int64]]]:
    order = generator.permutation(len(training))
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        yield training.features[batch].astype(np.float32), training.labels[batch]


def _validate(variables: list[tf.Variable], validation: LabelledFeatures) -> tuple[float, float] | tuple[None, None]:
    """Return the validation loss and accuracy, or None for both when there is no validation set."""
    if not len(validation):
        return None, None
    features, labels = tf.constant(validation.features, tf.float32), tf.constant(validation.labels)
    loss, accuracy = _loss_and_accuracy(variables, features, labels)
    return float(loss), float(accuracy)


def _layer(variables: list[tf.Variable]) -> tuple[Float32Array, Float32Array]:
    kernel, bias, _ = variables
    return kernel.numpy(), bias.numpy()
