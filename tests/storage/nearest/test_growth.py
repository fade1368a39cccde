"""Vectors are added and dropped in an index's own memory: FAISS, what is written and the answers follow."""

import io

import faiss
import numpy as np

from storage.nearest.faiss_flat import FaissFlat
from tests.storage.stores import random_vectors

DIM = 8


def as_faiss_reads(index: FaissFlat) -> tuple[np.ndarray, list[list[int]]]:
    """Return the vectors that FAISS reads in an index's file, and the nearest two of each that its search finds."""
    written = io.BytesIO()
    index.write(written.write)
    read = faiss.deserialize_index(np.frombuffer(written.getvalue(), np.uint8))
    vectors = read.reconstruct_n(0, read.ntotal)
    return vectors, index.search(vectors, 2)[1].tolist()


def test_vectors_that_are_added_kept_and_added_again_are_in_the_index_and_its_file() -> None:
    parts = [random_vectors(count, DIM, count) for count in (5, 3, 40, 1)]
    index, expected = FaissFlat(DIM), np.empty((0, DIM), np.float32)
    for number, part in enumerate(parts):
        index.add(part)
        expected = np.concatenate((expected, part))
        if number == 2:
            mask = np.arange(len(expected)) % 3 > 0
            index.keep(mask)
            expected = expected[mask]
        vectors, nearest = as_faiss_reads(index)
        assert index.vectors().tolist() == vectors.tolist() == expected.tolist()
        alone = faiss.IndexFlatL2(DIM)
        alone.add(expected)
        assert nearest == alone.search(expected, 2)[1].tolist()


def test_an_array_of_the_vectors_outlives_what_is_added_and_the_index() -> None:
    vectors, index = random_vectors(5, DIM, 1), FaissFlat(DIM)
    index.add(vectors)
    before = index.vectors()
    index.add(random_vectors(1000, DIM, 2))
    del index
    assert before.tolist() == vectors.tolist()


def test_an_index_of_no_vectors_is_written_and_searched() -> None:
    index = FaissFlat(DIM)
    index.add(random_vectors(3, DIM, 1))
    index.keep(np.zeros(3, np.bool_))
    vectors, nearest = as_faiss_reads(index)
    assert (len(index), vectors.shape, nearest) == (0, (0, DIM), [])
