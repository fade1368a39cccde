"""Slices are grouped into batches, which are yielded once all of their inputs are submitted to the network."""

from collections.abc import Sequence

import numpy as np

from ingest.embedding.linalg.arrays import Float32Array
from ingest.pipeline.batch import Batch, batches_of
from ingest.pipeline.compare import Change, KnownContent, Unchanged
from ingest.pipeline.embedding_queue import EmbeddingQueue
from ingest.pipeline.prepare import PreparedImage, Slice
from storage import Item, NewItem, Rejected
from storage.types.items import SourcedItem


class Embedder:
    """An embedder with network batches of four, whose vectors are the first values of the inputs."""

    batch_size = 4

    def is_cached(self, _input: Float32Array) -> bool:
        return False

    def embed_inputs(self, inputs: Sequence[Float32Array]) -> Float32Array:
        return np.array([input[:1] for input in inputs], np.float32)


def images(*keys: str, change: Change = Change.ADDED) -> Slice:
    return Slice([PreparedImage(NewItem(key, b"digest"), np.array([ord(key[0])], np.float32), change) for key in keys])


def moved(key: str, id: int) -> KnownContent:
    origin = SourcedItem(Item(id, "old", None, {}, b"digest"), "folder:/pictures")
    return KnownContent(NewItem(key, b"digest"), np.array([ord(key[0])], np.float32), Change.MOVED, origin)


def unchanged(*keys: str) -> list[Unchanged]:
    return [Unchanged(key) for key in keys]


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
    batches = grouped(Slice(images("a").images, unchanged("u", "v", "w", "z"), rejected), images("b"))
    assert [(keys(batch), batch.unchanged, batch.rejects) for batch in batches] == [
        (["a"], ["u", "v", "w", "z"], rejected),
        (["b"], [], []),
    ]


def test_items_are_counted_by_their_change_and_known_vectors_stand_among_computed_ones() -> None:
    slice = Slice([*images("a", "b").images, moved("c", 7), *images("d", change=Change.REPLACED).images])
    (batch,) = grouped(slice, limit=9)
    assert keys(batch) == ["a", "b", "c", "d"]
    assert batch.changes == {Change.ADDED: 2, Change.MOVED: 1, Change.REPLACED: 1}
    assert (batch.embedded, batch.moved_from) == (3, [7])


def test_items_that_get_another_source_are_rows_of_their_batch() -> None:
    batches = grouped(Slice(unchanged=[Unchanged("u", 4), Unchanged("v")]), Slice(unchanged=[Unchanged("w", 5)]))
    assert [(batch.unchanged, batch.adopted, batch.rows) for batch in batches] == [(["u", "v", "w"], [4, 5], 2)]


def test_a_slice_of_unchanged_inputs_is_a_batch_of_its_own() -> None:
    batches = grouped(Slice(unchanged=unchanged("u")), Slice(unchanged=unchanged("v", "w")), images("a"))
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
