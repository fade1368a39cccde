"""Features of many images: computed a few batches concurrently while later inputs are read."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from ingest.embedding.features import CONCURRENT_BATCHES, compute_features, compute_features_concurrently, network_input
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.recipes import vgg16_layers
from tests.toys import TOY, ToyBackbone, grey


def inputs(count: int) -> list[Float32Array]:
    """Return network inputs of images of different grey levels."""
    return [network_input(TOY, grey(level)) for level in range(count)]


class FixedBackbone(ToyBackbone):
    """Returns the same features, (5,), for every image, as one layer of 2 channels and one of 3."""

    def features(self, images: Float32Array) -> Float32Array:
        return np.tile(np.array([9, 16, 4, 0, 0], np.float32), (len(images), 1))


@pytest.mark.parametrize(
    ("square_root", "unit_length", "expected"),
    [
        (False, False, [9, 16, 4, 0, 0]),
        (True, False, [3, 4, 2, 0, 0]),
        (True, True, [0.6 / 2**0.5, 0.8 / 2**0.5, 1 / 2**0.5, 0, 0]),
    ],
)
def test_the_features_of_each_layer_are_scaled_before_they_are_joined(
    monkeypatch: pytest.MonkeyPatch, square_root: bool, unit_length: bool, expected: list[float]
) -> None:
    monkeypatch.setattr(vgg16_layers, "LAYERS", {"first": (2, 0), "second": (3, 0)})
    recipe = replace(
        TOY, layer=("first", "second"), pooling="mean", square_root=square_root, unit_length=unit_length, head="none"
    )
    (features,) = compute_features(recipe, FixedBackbone(), inputs(2))
    np.testing.assert_allclose(features, [expected, expected], rtol=1e-6)


class WaitingBackbone(ToyBackbone):
    """The toy backbone, whose first batches wait until CONCURRENT_BATCHES of them are being computed."""

    def __init__(self) -> None:
        super().__init__()
        self._all_started = threading.Barrier(CONCURRENT_BATCHES, timeout=30)

    def features(self, images: Float32Array) -> Float32Array:
        if self.batches < CONCURRENT_BATCHES:
            features = super().features(images)
            self._all_started.wait()
            return features
        return super().features(images)


@pytest.mark.parametrize("count", [0, 1, 8, 9, 50])
def test_features_computed_concurrently_have_the_order_and_the_bits_of_those_computed_in_turn(count: int) -> None:
    concurrent = list(compute_features_concurrently(TOY, ToyBackbone(), iter(inputs(count))))
    in_turn = list(compute_features(TOY, ToyBackbone(), iter(inputs(count))))
    assert [len(batch) for batch in concurrent] == [len(batch) for batch in in_turn]
    for batch, expected in zip(concurrent, in_turn, strict=True):
        np.testing.assert_array_equal(batch, expected)


def test_several_batches_are_computed_concurrently() -> None:
    assert (
        sum(map(len, compute_features_concurrently(TOY, WaitingBackbone(), inputs(8 * CONCURRENT_BATCHES))))
        == 8 * CONCURRENT_BATCHES
    )


def test_no_more_inputs_are_read_than_the_concurrent_batches_and_one_more_hold() -> None:
    read = 0

    def counted() -> Iterator[Float32Array]:
        nonlocal read
        for input in inputs(100):
            read += 1
            yield input

    features = compute_features_concurrently(TOY, ToyBackbone(), counted())
    next(features)
    features.close()
    assert read == 8 * (CONCURRENT_BATCHES + 1)


def test_an_error_of_the_network_or_of_an_input_is_raised_to_the_caller() -> None:
    class Broken(ToyBackbone):
        def features(self, images: Float32Array) -> Float32Array:
            raise ArithmeticError(f"the network has failed on {len(images)}")

    def unreadable() -> Iterator[Float32Array]:
        yield from inputs(3)
        raise OSError("the input")

    with pytest.raises(ArithmeticError, match="the network has failed on 8"):
        list(compute_features_concurrently(TOY, Broken(), inputs(20)))
    with pytest.raises(OSError, match="the input"):
        list(compute_features_concurrently(TOY, ToyBackbone(), unreadable()))
