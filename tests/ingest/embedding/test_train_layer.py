"""Training a layer with TensorFlow, on a few hundred rows whose labels are easy to separate."""

import contextlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ingest.embedding.heads import TrainedHead, head_arrays
from ingest.embedding.heads.perceptron import HIDDEN
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.training import train_layer as module
from ingest.embedding.training.epoch import Epoch
from ingest.embedding.training.labelled_features import LabelledFeatures
from ingest.embedding.training.plan import FEW, MANY, TrainingPlan, plan_for
from ingest.embedding.training.train_layer import train_layer

NO_ROWS = LabelledFeatures(np.empty((0, 8), np.float16), np.empty(0, np.int64))


def ignore(_: Epoch) -> None:
    pass


def rows(count: int, seed: int) -> LabelledFeatures:
    """Return rows of eight numbers: the sign of the first is the label, the others are noise of larger variance."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, count)
    features = 3 * generator.standard_normal((count, 8))
    features[:, 0] = np.where(labels == 1, 1.0, -1.0)
    return LabelledFeatures(features.astype(np.float16), labels)


def vectors(data: LabelledFeatures, head: TrainedHead) -> Float32Array:
    return head(data.features.astype(np.float32))


def shapes(head: TrainedHead) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in head_arrays(head).items()}


def stop_after_one(totals: set[int]) -> Callable[[Epoch], None]:
    """Return a callback that records the planned number of epochs, and stops the training by an exception."""

    def record(epoch: Epoch) -> None:
        totals.add(epoch.of)
        raise StopIteration

    return record


def same_label_share(data: LabelledFeatures, out: Float32Array) -> float:
    """Return the share of vectors whose nearest neighbour has the same label."""
    cosines = out @ out.T
    np.fill_diagonal(cosines, -2)
    return float(np.mean(data.labels[cosines.argmax(axis=1)] == data.labels))


@pytest.mark.heavy
@pytest.mark.parametrize("plan", [FEW, replace(FEW, hidden=16, dropout=0.3)], ids=["one layer", "two layers"])
def test_vectors_of_equal_labels_become_neighbours(plan: TrainingPlan) -> None:
    epochs: list[Epoch] = []
    head = train_layer(rows(400, 1), rows(60, 2), 2, 4, 0, plan, epochs.append)
    later = rows(200, 3)
    assert same_label_share(later, later.features.astype(np.float32)) < 0.9
    assert same_label_share(later, vectors(later, head)) > 0.98
    assert [epoch.number for epoch in epochs] == list(range(1, len(epochs) + 1))
    assert epochs[-1].loss < epochs[0].loss
    assert epochs[-1].validation_accuracy is not None
    assert epochs[-1].validation_accuracy > 0.95


def test_a_plan_with_hidden_units_gives_a_head_of_two_layers() -> None:
    plans = FEW, replace(FEW, hidden=16)
    one, two = (train_layer(rows(40, 1), NO_ROWS, 2, 4, 0, replace(plan, epochs=(1, 1)), ignore) for plan in plans)
    assert shapes(one) == {"kernel": (8, 4), "bias": (4,)}
    assert shapes(two) == {"hidden_kernel": (8, 16), "hidden_bias": (16,), "kernel": (16, 4), "bias": (4,)}
    assert {str(array.dtype) for head in (one, two) for array in head_arrays(head).values()} == {"float32"}


@pytest.mark.heavy
@pytest.mark.parametrize("plan", [FEW, replace(FEW, hidden=16, dropout=0.3)], ids=["one layer", "two layers"])
def test_a_seed_gives_the_same_head_to_the_bit_and_another_seed_another(plan: TrainingPlan) -> None:
    plan = replace(plan, epochs=(10, 10))
    first, same, other = (
        train_layer(rows(300, 1), rows(40, 2), 2, 4, seed, plan, ignore) for seed in (0, 0, 2**32 - 1)
    )
    for array, again in zip(head_arrays(first).values(), head_arrays(same).values(), strict=True):
        np.testing.assert_array_equal(array, again)
    assert not np.array_equal(first.kernel, other.kernel)


def test_training_stops_early_when_the_validation_loss_no_longer_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 2)
    epochs: list[Epoch] = []
    # The validation labels are swapped: the better the layer, the larger the validation loss.
    validation = rows(60, 2)
    train_layer(rows(400, 1), LabelledFeatures(validation.features, 1 - validation.labels), 2, 4, 0, FEW, epochs.append)
    assert len(epochs) < 10
    assert epochs[-1].of == 400


@pytest.mark.heavy
def test_many_rows_are_trained_on_for_fewer_epochs_than_few() -> None:
    planned = {count: set[int]() for count in (40, 5_000, 20_000)}
    for count, totals in planned.items():
        with contextlib.suppress(StopIteration):
            train_layer(rows(count, 1), NO_ROWS, 2, 4, 0, FEW, stop_after_one(totals))
    assert planned == {40: {400}, 5_000: {50}, 20_000: {20}}


def test_many_images_are_trained_on_in_larger_batches_with_a_hidden_layer() -> None:
    assert [plan_for(images) for images in (1, 29_999, 30_000, 60_000)] == [FEW, FEW, MANY, MANY]
    assert MANY.hidden == HIDDEN
    assert MANY.batch_size > FEW.batch_size


@pytest.mark.heavy
def test_without_a_validation_set_it_trains_for_all_epochs() -> None:
    epochs: list[Epoch] = []
    train_layer(rows(40, 1), NO_ROWS, 2, 4, 0, FEW, epochs.append)
    assert [(epoch.number, epoch.validation_accuracy) for epoch in epochs] == [
        (number, None) for number in range(1, 401)
    ]
    assert str(epochs[-1]).endswith("no validation images")


def test_an_epoch_is_printed_as_one_line() -> None:
    assert str(Epoch(3, 20, 0.51239, 0.98765)) == "epoch 3 of 20, loss 0.5124, validation accuracy 0.9877"
