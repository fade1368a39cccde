"""Index files: used when they prove whole, otherwise done without."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from storage import Store
from storage.errors import StoreCorrupt
from tests.storage.published import QUERIES, VECTORS, answers, fixed_name_vectors, index_files
from tests.storage.stores import sql

#: Damages a file of the store, the second path's store is another.
Damage = Callable[[Path, Path], object]


def cut(count: int) -> Damage:
    """Return what cuts a file to so many bytes, or by so many when negative."""
    return lambda path, _: path.write_bytes(path.read_bytes()[:count])


def grow(path: Path, _: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def flip(path: Path, _: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3] ^= 4
    path.write_bytes(data)


def take_from_another_store(path: Path, other: Path) -> None:
    """Put the file of the same place and size of another store there."""
    newest_first = index_files(path.parents[1])
    shutil.copyfile(index_files(other)[newest_first.index(path)], path)


def link_to_a_copy(path: Path, other: Path) -> None:
    path.rename(other / path.name)
    path.symlink_to(other / path.name)


def make_fifo(path: Path, _: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def make_folder(path: Path, _: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path, _: path.unlink(), id="missing"),
        pytest.param(cut(0), id="empty"),
        pytest.param(cut(44), id="cut within the header"),
        pytest.param(cut(-1), id="short by a byte"),
        pytest.param(grow, id="long by a byte"),
        pytest.param(flip, id="a bit flipped"),
        pytest.param(take_from_another_store, id="another store's"),
        pytest.param(link_to_a_copy, id="a link to a whole one"),
        pytest.param(make_fifo, id="a FIFO"),
        pytest.param(make_folder, id="a folder"),
    ],
)


@DAMAGES
@pytest.mark.parametrize("which", [[0], [1], [0, 1]], ids=["the newest", "the one before", "both"])
def test_no_damaged_index_file_changes_an_answer(
    published: Path, other: Path, damage: Damage, which: list[int]
) -> None:
    expected, damaged = answers(published), [index_files(published)[place] for place in which]
    for path in damaged:
        damage(path, other)
    assert answers(published) == expected
    with Store.open(published, writing=True) as store:
        assert store.verify() == [
            f"index/{path.name}: missing or damaged; searching works without it, from the rows" for path in damaged
        ]
        # The next publication makes a new file, the one after it lets the damaged ones go.
        store.publish()
        store.delete(ids=[0])
        store.publish()
        assert store.verify() == []
    alive = np.delete(VECTORS, [0, 3, 20, 50], axis=0)
    np.testing.assert_array_equal(fixed_name_vectors(published), alive)


def test_every_answer_counts_what_came_after_the_index_file(published: Path) -> None:
    with Store.open(published) as store:
        assert [hits[0].id for hits in store.nearest(VECTORS[[40, 69, 70, 99]], 1)] == [40, 69, 70, 99]
        assert not {3, 20, 50} & {hit.id for hits in store.nearest(VECTORS[[3, 20, 50]], 97) for hit in hits}


def test_a_file_that_matches_its_record_but_not_the_rows_is_never_answered_from(published: Path, other: Path) -> None:
    forged = index_files(other)[0]
    sha256 = sql(other, "SELECT sha256 FROM generations ORDER BY number DESC")[0][0]
    shutil.copyfile(forged, published / "index" / forged.name)
    sql(published, "UPDATE generations SET sha256 = ? WHERE number = 2", sha256)
    with Store.open(published) as store:
        found = store.nearest(VECTORS[70], 1)[0][0]
        assert (found.id, found.distance) == (70, 0.0)
        with pytest.raises(StoreCorrupt, match=r"^expected the index to hold the vector of item [0-9]+, but it holds "):
            store.nearest(QUERIES, 7)
        assert store.verify() == [f"index/{forged.name}: its vectors are not those of the rows"]


def test_an_index_file_of_another_history_is_not_used(published: Path, other: Path) -> None:
    expected, theirs = answers(published), index_files(other)[0]
    shutil.copyfile(theirs, published / "index" / theirs.name)
    record = sql(other, "SELECT chain, sha256 FROM generations WHERE number = 2")[0]
    sql(published, "UPDATE generations SET chain = ?, sha256 = ? WHERE number = 2", *record)
    assert answers(published) == expected
