"""Inputs are embedded a full network batch at a time, wherever a batch of the store ends."""

import threading
from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from ingest.embedding.linalg.arrays import Float32Array
from ingest.pipeline.embedding_queue import MAX_PENDING, EmbeddingQueue, PendingVectors


def number(value: float) -> Float32Array:
    """Return an input whose vector is its value and the value's square."""
    return np.full((2, 2, 3), value, np.float32)


class Squares:
    """An embedder with network batches of four that has negative inputs cached, and records what it embeds."""

    batch_size = 4

    def __init__(self) -> None:
        self.embedded: list[list[float]] = []
        self.gate = threading.Event()
        self.gate.set()

    def is_cached(self, input: Float32Array) -> bool:
        return bool(input.flat[0] < 0)

    def embed_inputs(self, inputs: Sequence[Float32Array]) -> Float32Array:
        assert self.gate.wait(10)
        values = [float(input.flat[0]) for input in inputs]
        self.embedded.append(values)
        if 13.0 in values:
            raise ValueError("13 is no good")
        return np.array([[value, value**2] for value in values], np.float32)


def put(queue: EmbeddingQueue, vectors: PendingVectors, values: Iterable[float]) -> None:
    for value in values:
        queue.put(number(value), vectors)


def rows(*values: float) -> list[list[float]]:
    return [[value, value**2] for value in values]


def test_vectors_come_in_the_order_of_their_inputs() -> None:
    vectors = PendingVectors()
    with EmbeddingQueue(Squares) as queue:
        put(queue, vectors, (3, -1, 5, 7, -2, 9, 1))
        queue.flush()
        assert vectors.result().tolist() == rows(3, -1, 5, 7, -2, 9, 1)


def test_a_network_batch_is_filled_up_with_inputs_of_the_next_batch() -> None:
    squares, first, second = Squares(), PendingVectors(), PendingVectors()
    with EmbeddingQueue(lambda: squares) as queue:
        put(queue, first, (1, 2, 3))
        before = first.submitted
        queue.put(number(4), second)
        assert (before, first.submitted, second.submitted) == (False, True, True)
        assert (first.result().tolist(), second.result().tolist()) == (rows(1, 2, 3), rows(4))
    assert squares.embedded == [[1, 2, 3, 4]]


def test_cached_inputs_take_no_room_in_a_network_batch() -> None:
    squares, vectors = Squares(), PendingVectors()
    with EmbeddingQueue(lambda: squares) as queue:
        put(queue, vectors, (1, -1, 2, -2, 3))
        queue.submit_cached()
        before = vectors.submitted
        queue.put(number(4), vectors)
        assert (before, vectors.submitted) == (False, True)
        vectors.result()
    assert sorted(squares.embedded) == [[-1, -2], [1, 2, 3, 4]]


def test_the_embedder_is_made_for_the_first_input_and_once() -> None:
    embedders: list[Squares] = []

    def make() -> Squares:
        embedders.append(Squares())
        return embedders[-1]

    with EmbeddingQueue(make) as queue:
        queue.submit_cached()
        queue.flush()
        assert not embedders
        put(queue, PendingVectors(), range(6))
    assert len(embedders) == 1


def test_no_inputs_have_no_vectors() -> None:
    vectors = PendingVectors()
    assert (vectors.submitted, len(vectors.result())) == (True, 0)


def test_an_error_is_raised_by_the_result_of_the_vectors_it_concerns() -> None:
    good, bad = PendingVectors(), PendingVectors()
    with EmbeddingQueue(Squares) as queue:
        put(queue, good, (1, 2, 3, 4))
        queue.put(number(13), bad)
        queue.flush()
        assert good.result().tolist() == rows(1, 2, 3, 4)
        with pytest.raises(ValueError, match="13 is no good"):
            bad.result()


def test_put_waits_while_too_many_network_batches_are_unfinished() -> None:
    squares, vectors = Squares(), PendingVectors()
    squares.gate.clear()
    with EmbeddingQueue(lambda: squares) as queue:
        put(queue, vectors, range(squares.batch_size * MAX_PENDING))
        late = threading.Thread(target=lambda: put(queue, vectors, range(squares.batch_size)))
        late.start()
        late.join(0.2)
        assert late.is_alive()
        squares.gate.set()
        late.join(10)
        assert not late.is_alive()
        assert vectors.submitted
