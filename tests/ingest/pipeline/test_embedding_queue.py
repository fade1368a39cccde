"""Inputs are embedded a full batch of the network at a time, wherever a batch of the store ends."""

import threading
from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from ingest.embedding.network.backbone import Floats
from ingest.pipeline.embedding_queue import IN_HAND, EmbeddingQueue, Vectors


def number(value: float) -> Floats:
    """Return an input whose vector is its value and the value's square."""
    return np.full((2, 2, 3), value, np.float32)


class Squares:
    """Takes four inputs at once, remembers negative ones, and notes what it was handed."""

    batch_size = 4

    def __init__(self) -> None:
        self.handed: list[list[float]] = []
        self.gate = threading.Event()
        self.gate.set()

    def remembers(self, input: Floats) -> bool:
        return bool(input.flat[0] < 0)

    def embed_inputs(self, inputs: Sequence[Floats]) -> Floats:
        assert self.gate.wait(10)
        values = [float(input.flat[0]) for input in inputs]
        self.handed.append(values)
        if 13.0 in values:
            raise ValueError("13 is no good")
        return np.array([[value, value**2] for value in values], np.float32)


def put(queue: EmbeddingQueue, into: Vectors, values: Iterable[float]) -> None:
    for value in values:
        queue.put(number(value), into)


def rows(*values: float) -> list[list[float]]:
    return [[value, value**2] for value in values]


def test_vectors_come_in_the_order_in_which_inputs_were_put() -> None:
    some = Vectors()
    with EmbeddingQueue(Squares) as queue:
        put(queue, some, (3, -1, 5, 7, -2, 9, 1))
        queue.begin_all()
        assert some.result().tolist() == rows(3, -1, 5, 7, -2, 9, 1)


def test_a_batch_of_the_network_is_filled_up_with_inputs_of_the_next() -> None:
    squares, first, second = Squares(), Vectors(), Vectors()
    with EmbeddingQueue(lambda: squares) as queue:
        put(queue, first, (1, 2, 3))
        before = first.begun
        queue.put(number(4), second)
        assert (before, first.begun, second.begun) == (False, True, True)
        assert (first.result().tolist(), second.result().tolist()) == (rows(1, 2, 3), rows(4))
    assert squares.handed == [[1, 2, 3, 4]]


def test_what_is_remembered_takes_no_place_in_a_batch_of_the_network() -> None:
    squares, some = Squares(), Vectors()
    with EmbeddingQueue(lambda: squares) as queue:
        put(queue, some, (1, -1, 2, -2, 3))
        queue.begin_remembered()
        before = some.begun
        queue.put(number(4), some)
        assert (before, some.begun) == (False, True)
        some.result()
    assert sorted(squares.handed) == [[-1, -2], [1, 2, 3, 4]]


def test_the_embedder_is_made_for_the_first_input_and_once() -> None:
    made: list[Squares] = []

    def make() -> Squares:
        made.append(Squares())
        return made[-1]

    with EmbeddingQueue(make) as queue:
        queue.begin_remembered()
        queue.begin_all()
        assert not made
        put(queue, Vectors(), range(6))
    assert len(made) == 1


def test_no_inputs_have_no_vectors() -> None:
    none = Vectors()
    assert (none.begun, len(none.result())) == (True, 0)


def test_what_goes_wrong_is_raised_where_the_vectors_are_wanted() -> None:
    good, bad = Vectors(), Vectors()
    with EmbeddingQueue(Squares) as queue:
        put(queue, good, (1, 2, 3, 4))
        queue.put(number(13), bad)
        queue.begin_all()
        assert good.result().tolist() == rows(1, 2, 3, 4)
        with pytest.raises(ValueError, match="13 is no good"):
            bad.result()


def test_whoever_puts_more_waits_while_too_much_is_in_hand() -> None:
    squares, some = Squares(), Vectors()
    squares.gate.clear()
    with EmbeddingQueue(lambda: squares) as queue:
        put(queue, some, range(squares.batch_size * IN_HAND))
        late = threading.Thread(target=lambda: put(queue, some, range(squares.batch_size)))
        late.start()
        late.join(0.2)
        assert late.is_alive()
        squares.gate.set()
        late.join(10)
        assert not late.is_alive()
        assert some.begun
