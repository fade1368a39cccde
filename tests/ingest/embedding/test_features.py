"""Features of many images: computed a few batches at once while the inputs after them are made."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from ingest.embedding.features import AT_ONCE, features_ahead, features_of, network_input
from ingest.embedding.network.backbone import Floats
from tests.toys import TOY, ToyBackbone, grey


def inputs(count: int) -> list[Floats]:
    """Return what the toy network takes of images of different grey levels."""
    return [network_input(TOY, grey(level)) for level in range(count)]


class Gathering(ToyBackbone):
    """The toy backbone, whose first batches wait until as many as are computed at once are there."""

    def __init__(self) -> None:
        super().__init__()
        self._together = threading.Barrier(AT_ONCE, timeout=30)

    def features(self, images: Floats) -> Floats:
        if self.batches < AT_ONCE:
            features = super().features(images)
            self._together.wait()
            return features
        return super().features(images)


@pytest.mark.parametrize("count", [0, 1, 8, 9, 50])
def test_batches_that_are_computed_at_once_come_in_order_and_to_the_bit_as_one_after_the_other(count: int) -> None:
    ahead = list(features_ahead(TOY, ToyBackbone(), iter(inputs(count))))
    behind = list(features_of(TOY, ToyBackbone(), iter(inputs(count))))
    assert [len(some) for some in ahead] == [len(some) for some in behind]
    for one, other in zip(ahead, behind, strict=True):
        np.testing.assert_array_equal(one, other)


def test_as_many_batches_are_computed_at_once_as_fill_the_processor() -> None:
    assert sum(map(len, features_ahead(TOY, Gathering(), inputs(8 * AT_ONCE)))) == 8 * AT_ONCE


def test_no_more_inputs_are_made_than_the_batches_in_hand_take() -> None:
    made = 0

    def walked() -> Iterator[Floats]:
        nonlocal made
        for input in inputs(100):
            made += 1
            yield input

    features = features_ahead(TOY, ToyBackbone(), walked())
    next(features)
    features.close()
    assert made == 8 * (AT_ONCE + 1)


def test_an_error_of_the_network_or_of_an_input_is_raised_where_features_are_taken() -> None:
    class Broken(ToyBackbone):
        def features(self, images: Floats) -> Floats:
            raise ArithmeticError(f"the network has failed on {len(images)}")

    def unreadable() -> Iterator[Floats]:
        yield from inputs(3)
        raise OSError("the input")

    with pytest.raises(ArithmeticError, match="the network has failed on 8"):
        list(features_ahead(TOY, Broken(), inputs(20)))
    with pytest.raises(OSError, match="the input"):
        list(features_ahead(TOY, ToyBackbone(), unreadable()))
