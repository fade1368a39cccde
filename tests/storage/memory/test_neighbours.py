"""The neighbours of all items: those of each item alone, every row checked."""

from pathlib import Path

import numpy as np
import pytest

from storage import Embedding, NewItem, Store
from storage.errors import StoreCorrupt
from tests.storage.stores import line_store, random_vectors, sql


def test_every_item_has_neighbours_but_never_itself(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path)) as store:
        result = store.neighbours_of_all(2)
        assert result.ids.tolist() == [0, 1, 2, 3, 4]
        assert result.neighbours.tolist() == [[1, 2], [0, 2], [1, 0], [2, 1], [3, 2]]
        assert result.distances.tolist() == [[1, 3], [1, 2], [2, 3], [4, 6], [8, 12]]
        assert result.keys.tolist() == [f"key {number}" for number in range(5)]
        assert result.labels.tolist() == [f"label {number}" for number in range(5)]
        assert result.neighbour_keys.tolist()[3:] == [["key 2", "key 1"], ["key 3", "key 2"]]
        assert result.neighbour_labels.tolist()[3:] == [["label 2", "label 1"], ["label 3", "label 2"]]
        all_others = store.neighbours_of_all(99)
        assert all_others.neighbours.shape == all_others.distances.shape == (5, 4)


def test_the_neighbours_of_all_items_are_those_of_each_item_alone_also_of_identical_items(tmp_path: Path) -> None:
    vectors = np.repeat(random_vectors(500, 5), 5, axis=0)
    with Store.create(tmp_path / "store", Embedding(5, "f" * 64)) as store:
        store.append([NewItem(str(n), b"") for n in range(2500)], vectors)
        store.delete(ids=[7, 2000])
        result = store.neighbours_of_all(6)
        ids, vectors = store.all_vectors()
        alone = store.nearest(vectors, 6, exclude=[[id] for id in ids.tolist()])
        assert result.neighbours.tolist() == [[hit.id for hit in hits] for hits in alone]
        assert result.distances.tolist() == [[hit.distance for hit in hits] for hits in alone]


@pytest.mark.parametrize("count", [0, 1])
def test_an_only_item_has_no_neighbours(tmp_path: Path, count: int) -> None:
    with Store.open(line_store(tmp_path, count)) as store:
        result = store.neighbours_of_all(3)
        assert (result.neighbours.shape, result.distances.shape) == ((count, 0), (count, 0))
        assert (result.keys.shape, result.neighbour_labels.shape) == ((count,), (count, 0))


def test_no_neighbours_are_returned_of_damaged_rows(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    sql(folder, "UPDATE items SET label = 'another' WHERE id = 3")
    with Store.open(folder) as store, pytest.raises(StoreCorrupt, match="expected item 3 to match its checksum"):
        store.neighbours_of_all(1)


def test_rows_that_were_damaged_after_they_were_published_change_nothing(tmp_path: Path) -> None:
    folder = line_store(tmp_path, published=True)
    sql(folder, "UPDATE items SET label = 'another' WHERE id = 3")
    with Store.open(folder) as store:
        assert store.neighbours_of_all(1).labels.tolist() == [f"label {number}" for number in range(5)]
