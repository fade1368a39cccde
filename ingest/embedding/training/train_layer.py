"""Train a head with TensorFlow, so that the vectors of equal labels point in the same direction.

The loss is a softmax over the cosines between a vector and one trained direction per label, with a margin subtracted
from the true label's: Wang and others, "CosFace: Large Margin Cosine Loss for Deep Face Recognition", 2018. The
directions are discarded after the training.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.embedding.heads import TrainedDense, TrainedHead, TrainedPerceptron
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.training.epoch import Epoch
from ingest.embedding.training.labelled_features import LabelledFeatures
from ingest.embedding.training.plan import TrainingPlan
from ingest.keras.tensorflow import tf

#: Early stopping: epochs without a smaller validation loss before the training stops.
PATIENCE = 6
#: CosFace's factor from cosines to logits, and the margin of the true label.
SCALE = 16.0
MARGIN = 0.2


def train_layer(
    training: LabelledFeatures,
    validation: LabelledFeatures,
    labels: int,
    dim: int,
    seed: int,
    plan: TrainingPlan,
    on_epoch: Callable[[Epoch], None],
) -> TrainedHead:
    """Return a head on reduced features, (n, d), that is trained to separate this number of labels.

    With a validation set the training stops early, and the head of the smallest validation loss is returned. A seed
    gives the same bits on the same machine.
    """
    tf.config.experimental.enable_op_determinism()
    generator = np.random.RandomState(seed)
    width = training.features.shape[1]
    variables = _draw_variables(width, plan.hidden, dim, labels, generator)
    steps = -(-len(training) // plan.batch_size)
    epochs = int(np.clip(-(-plan.steps // steps), *plan.epochs))
    schedule = tf.keras.optimizers.schedules.CosineDecay(plan.learning_rate, epochs * steps)
    optimizer = tf.keras.optimizers.Adam(schedule)

    def step(features: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        # A seed of its own for each step, since a random state would not give the same bits again.
        dropout = _Dropout(plan.dropout, tf.stack([seed, tf.cast(optimizer.iterations, tf.int64)]))
        with tf.GradientTape() as tape:
            loss, _ = _loss_and_accuracy(variables, features, targets, dropout)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    signature = [tf.TensorSpec((None, width), tf.float32), tf.TensorSpec((None,), tf.int64)]
    train_step = tf.function(step, input_signature=signature)
    best, best_loss, epochs_since_best = _head(variables), np.inf, 0
    for number in range(1, epochs + 1):
        loss = 0.0
        for features, targets in _shuffled_batches(training, plan.batch_size, generator):
            loss += float(train_step(features, targets)) * len(targets) / len(training)
        validation_loss, accuracy = _validate(variables, validation)
        on_epoch(Epoch(number, epochs, loss, accuracy))
        if validation_loss is None:
            best = _head(variables)
        elif validation_loss < best_loss:
            best, best_loss, epochs_since_best = _head(variables), validation_loss, 0
        else:
            epochs_since_best += 1
        if epochs_since_best == PATIENCE:
            break
    return best


def _draw_variables(
    width: int, hidden: int, dim: int, labels: int, generator: np.random.RandomState
) -> list[tf.Variable]:
    """Return the kernels and biases of the layers, and the labels' directions, drawn at random."""
    arrays = []
    if hidden:
        arrays += [generator.standard_normal((width, hidden)) * np.sqrt(2 / width), np.zeros(hidden)]
        width = hidden
    arrays += [generator.standard_normal((width, dim)) / np.sqrt(width), np.zeros(dim)]
    arrays.append(generator.standard_normal((dim, labels)) / np.sqrt(dim))
    return [tf.Variable(array.astype(np.float32)) for array in arrays]


@dataclass(frozen=True)
class _Dropout:
    """Leaves a share of hidden units out, drawn from a seed: two int64."""

    share: float
    seed: tf.Tensor

    def __call__(self, hidden: tf.Tensor) -> tf.Tensor:
        return tf.nn.experimental.stateless_dropout(hidden, self.share, self.seed)


def _loss_and_accuracy(
    variables: list[tf.Variable],
    features: tf.Tensor,
    targets: tf.Tensor,
    dropout: Callable[[tf.Tensor], tf.Tensor] = lambda hidden: hidden,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the mean loss, and the share of rows whose nearest direction is that of their label."""
    *hidden, kernel, bias, directions = variables
    if hidden:
        features = dropout(tf.nn.relu(features @ hidden[0] + hidden[1]))
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


def _head(variables: list[tf.Variable]) -> TrainedHead:
    arrays = [variable.numpy() for variable in variables[:-1]]
    return TrainedPerceptron(*arrays) if len(arrays) > 2 else TrainedDense(*arrays)
