"""The hits of a batch: arrays, and lists of hits that are made when they are looked at."""

import copy
import pickle
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from storage import BatchHits, Store
from storage.catalog.checksum import CHAIN_START, next_chain, row_checksum
from storage.errors import StoreCorrupt
from storage.memory import batch_hits
from tests.storage.stores import hit, line_store, line_vectors, sql

#: The hits within 3 of items 0, 4 and 2, which are at 0, 15 and 3.
LISTS = [
    [hit(1, 0, 0.0), hit(2, 1, 1.0), hit(3, 2, 3.0)],
    [hit(1, 4, 0.0)],
    [hit(1, 2, 0.0), hit(2, 1, 2.0), hit(3, 0, 3.0)],
]


@pytest.fixture
def hits(tmp_path: Path) -> BatchHits:
    with Store.open(line_store(tmp_path)) as store:
        return store.within(line_vectors([0, 4, 2]), 3)


def test_a_batch_has_its_ids_and_distances_as_arrays_one_query_after_the_other(hits: BatchHits) -> None:
    assert hits.offsets.tolist() == [0, 3, 4, 7]
    assert hits.counts.tolist() == [3, 1, 3]
    assert hits.ids.tolist() == [0, 1, 2, 4, 2, 1, 0]
    assert hits.distances.tolist() == [0.0, 1.0, 3.0, 0.0, 0.0, 2.0, 3.0]
    assert hits.ids.dtype == np.int64
    assert hits.distances.dtype == np.float64


def test_a_batch_is_a_sequence_of_lists(hits: BatchHits) -> None:
    assert hits == LISTS
    assert hits == LISTS
    assert hits != LISTS[:2]
    assert len(hits) == 3
    assert list(hits) == [hits[0], hits[1], hits[2]] == [hits[-3], hits[-2], hits[-1]]
    assert repr(hits) == repr(LISTS)
    for index in (3, -4):
        with pytest.raises(IndexError):
            hits[index]


@pytest.mark.parametrize("part", [slice(1, 3), slice(None, None, -1), slice(0, 3, 2), slice(2, 2), slice(-1, None)])
def test_a_slice_has_the_hits_of_its_queries(hits: BatchHits, part: slice) -> None:
    assert isinstance(hits[part], BatchHits)
    assert hits[part] == LISTS[part]
    assert hits[part].ids.tolist() == [hit.id for row in LISTS[part] for hit in row]


def test_a_batch_can_be_copied_and_pickled(hits: BatchHits) -> None:
    assert pickle.loads(pickle.dumps(hits)) == copy.deepcopy(hits) == LISTS
    with pytest.raises(TypeError, match="unhashable"):
        hash(hits)


def test_hits_are_made_when_they_are_looked_at(hits: BatchHits) -> None:
    with mock.patch.object(batch_hits, "Hit", side_effect=hit_made) as made:
        assert hits.ids.sum() == 10
        assert not made.called
        with pytest.raises(AssertionError, match="a hit was made"):
            hits[1]


def hit_made(*_: object) -> None:
    raise AssertionError("a hit was made")


@pytest.mark.parametrize("queries", [1, 3], ids=["alone", "in a batch"])
def test_rows_are_checked_before_a_hit_of_theirs_is_looked_at(tmp_path: Path, queries: int) -> None:
    folder = line_store(tmp_path, published=True)
    with Store.open(folder) as store:
        store.within(line_vectors([0]), 3)
        # As if the index file held another vector.
        store._current.view.snapshots.current().index.vectors()[1] += np.float32(0.5)
        with pytest.raises(StoreCorrupt, match=r"^expected item 1 to match its checksum, but"):
            store.within(line_vectors([0, 4, 2][:queries]), 3)


@pytest.mark.parametrize("queries", [1, 3], ids=["alone", "in a batch"])
def test_a_row_that_cannot_be_decoded_is_refused_before_its_hit_is_looked_at(tmp_path: Path, queries: int) -> None:
    folder = line_store(tmp_path)
    ((batch, key, label, content, vector),) = sql(
        folder, "SELECT batch, key, label, content, vector FROM items WHERE id = 1"
    )
    key, label = (text.encode() if isinstance(text, str) else text for text in (key, label))
    checksum = row_checksum(1, batch, key, label, content, b"[1]", vector)
    sql(folder, "UPDATE items SET metadata = ?, checksum = ? WHERE id = 1", "[1]", checksum)
    rows = sql(folder, "SELECT id, checksum FROM items ORDER BY id")
    sql(folder, "UPDATE batches SET chain = ? WHERE number = 1", next_chain(CHAIN_START, rows, []))
    with (
        Store.open(folder) as store,
        pytest.raises(StoreCorrupt, match=r"^expected item 1 to have text and metadata that can be read"),
    ):
        store.within(line_vectors([0, 4, 2][:queries]), 3)
