"""Slices are grouped into batches, which are yielded once all of their inputs are submitted to the network."""

from collections.abc import Sequence

import numpy as np

from ingest.embedding.linalg.arrays import Float32Array
from ingest.pipeline.batch import Batch, batches_of
from ingest.pipeline.embedding_queue import EmbeddingQueue
from ingest.pipeline.prepare import PreparedImage, Slice
from storage import NewItem, Rejected


class Embedder:
    """An embedder with network batches of four, whose vectors are the first values of the inputs."""

    batch_size = 4

    def is_cached(self, _input: Float32Array) -> bool:
        return False

    def embed_inputs(self, inputs: Sequence[Float32Array]) -> Float32Array:
        return np.array([input[:1] for input in inputs], np.float32)


def images(*keys: str, replaces: bool = False) -> Slice:
    return Slice(
        [PreparedImage(NewItem(key, b"digest"), np.array([ord(key[0])], np.float32), replaces) for key in keys]
    )


def grouped(*slices: Slice, limit: int = 3) -> list[Batch]:
    with EmbeddingQueue(Embedder) as queue:
        batches = []
        for batch in batches_of(slices, queue, limit):
            assert batch.vectors.submitted
            batches.append(batch)
        for batch in batches:
            vectors = batch.vectors.result()
            assert [chr(int(vector[0])) for vector in vectors] == [item.key for item in batch.items]
        return batches


def keys(batch: Batch) -> list[str]:
    return [item.key for item in batch.items]


def test_whole_slices_fill_a_batch_up_to_its_limit() -> None:
    batches = grouped(images("a"), images("b", "c"), images("d", "e"), images("f", "g"), images("h"))
    assert [keys(batch) for batch in batches] == [["a", "b", "c"], ["d", "e"], ["f", "g", "h"]]
    assert [batch.is_last for batch in batches] == [False, False, True]


def test_rejects_count_as_rows_and_unchanged_inputs_do_not() -> None:
    rejected = [Rejected("x", "why"), Rejected("y", "why")]
    batches = grouped(Slice(images("a").images, ["u", "v", "w", "z"], rejected), images("b", replaces=True))
    assert [(keys(batch), batch.unchanged, batch.rejects, batch.replaced) for batch in batches] == [
        (["a"], ["u", "v", "w", "z"], rejected, 0),
        (["b"], [], [], 1),
    ]


def test_a_slice_of_unchanged_inputs_is_a_batch_of_its_own() -> None:
    batches = grouped(Slice(unchanged=["u"]), Slice(unchanged=["v", "w"]), images("a"))
    assert [(keys(batch), batch.unchanged) for batch in batches] == [([], ["u"]), ([], ["v", "w"]), (["a"], [])]


def test_a_key_that_is_in_the_batch_already_is_rejected() -> None:
    (batch,) = grouped(images("a", "b"), images("a"))
    assert keys(batch) == ["a", "b"]
    assert batch.rejects == [
        Rejected("a", "expected each key once in a source, got 'a' again: give it another key"),
    ]


def test_no_slices_make_one_empty_batch() -> None:
    (batch,) = grouped()
    assert (batch.rows, batch.unchanged, batch.is_last) == (0, [], True)
