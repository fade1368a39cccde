"""Training a layer with TensorFlow, on a few hundred rows of which the answer is plain."""

import contextlib
from collections.abc import Callable

import numpy as np
import pytest

from ingest.embedding.network.backbone import Floats
from ingest.embedding.training import layer
from ingest.embedding.training.epoch import Epoch
from ingest.embedding.training.layer import train_layer
from ingest.embedding.training.rows import Rows


def rows(count: int, seed: int) -> Rows:
    """Return rows of eight numbers, of which the first's sign is the label and the others are louder noise."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, count)
    features = 3 * generator.standard_normal((count, 8))
    features[:, 0] = np.where(labels == 1, 1.0, -1.0)
    return Rows(features.astype(np.float16), labels)


def vectors(some: Rows, kernel: Floats, bias: Floats) -> Floats:
    out = some.features.astype(np.float32) @ kernel + bias
    return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True), np.float32)


def stop_after_one(told: set[int]) -> Callable[[Epoch], None]:
    """Note of how many epochs the first was one, and stop the training by an exception."""

    def note(epoch: Epoch) -> None:
        told.add(epoch.of)
        raise StopIteration

    return note


def same_label_share(some: Rows, out: Floats) -> float:
    """Return how often the nearest other vector has the same label."""
    cosines = out @ out.T
    np.fill_diagonal(cosines, -2)
    return float(np.mean(some.labels[cosines.argmax(axis=1)] == some.labels))


def test_vectors_of_equal_labels_come_to_lie_together() -> None:
    told: list[Epoch] = []
    kernel, bias = train_layer(rows(400, 1), rows(60, 2), 2, 4, 0, told.append)
    assert (kernel.shape, bias.shape, str(kernel.dtype), str(bias.dtype)) == ((8, 4), (4,), "float32", "float32")
    later = rows(200, 3)
    assert same_label_share(later, later.features.astype(np.float32)) < 0.9
    assert same_label_share(later, vectors(later, kernel, bias)) > 0.98
    assert [epoch.number for epoch in told] == list(range(1, len(told) + 1))
    assert told[-1].loss < told[0].loss
    assert told[-1].validation_accuracy is not None
    assert told[-1].validation_accuracy > 0.95


def test_a_seed_gives_the_same_layer_to_the_bit_and_another_seed_another() -> None:
    first, same, other = (train_layer(rows(300, 1), rows(40, 2), 2, 4, seed, lambda _: None) for seed in (0, 0, 1))
    for one, again in zip(first, same, strict=True):
        np.testing.assert_array_equal(one, again)
    assert not np.array_equal(first[0], other[0])


def test_training_stops_when_what_is_held_back_is_guessed_no_better(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer, "PATIENCE", 2)
    told: list[Epoch] = []
    # What is held back here is labelled the wrong way round: the better the layer, the worse the loss.
    held = rows(60, 2)
    train_layer(rows(400, 1), Rows(held.features, 1 - held.labels), 2, 4, 0, told.append)
    assert len(told) < 10
    assert told[-1].of == 400


def test_many_rows_are_gone_through_less_often_than_few() -> None:
    nothing = Rows(np.empty((0, 8), np.float16), np.empty(0, np.int64))
    epochs = {count: set[int]() for count in (40, 5_000, 40_000)}
    for count, told in epochs.items():
        with contextlib.suppress(StopIteration):
            train_layer(rows(count, 1), nothing, 2, 4, 0, stop_after_one(told))
    assert epochs == {40: {400}, 5_000: {50}, 40_000: {20}}


def test_with_nothing_held_back_it_trains_to_the_end() -> None:
    told: list[Epoch] = []
    nothing = Rows(np.empty((0, 8), np.float16), np.empty(0, np.int64))
    train_layer(rows(40, 1), nothing, 2, 4, 0, told.append)
    assert [(epoch.number, epoch.validation_accuracy) for epoch in told] == [(number, None) for number in range(1, 401)]
    assert str(told[-1]).endswith("nothing held back")


def test_an_epoch_reads_as_a_line() -> None:
    assert str(Epoch(3, 20, 0.51239, 0.98765)) == "epoch 3 of 20, loss 0.5124, validation accuracy 0.9877"
