"""Generation files: used when both are intact; otherwise the rows are read."""

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

#: Damages the file at the first path; the second is the folder of another store.
Damage = Callable[[Path, Path], object]


def cut(count: int) -> Damage:
    """Return a function that truncates a file to `count` bytes, or by that many if negative."""
    return lambda path, _: path.write_bytes(path.read_bytes()[:count])


def grow(path: Path, _: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def flip(path: Path, _: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3] ^= 4
    path.write_bytes(data)


def take_from_another_store(path: Path, other: Path) -> None:
    """Replace a file by the one of another store that has the same position and size."""
    newest_first = index_files(path.parents[1], path.suffix)
    shutil.copyfile(index_files(other, path.suffix)[newest_first.index(path)], path)


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
        pytest.param(link_to_a_copy, id="a link to an intact one"),
        pytest.param(make_fifo, id="a FIFO"),
        pytest.param(make_folder, id="a folder"),
    ],
)


@DAMAGES
@pytest.mark.parametrize("which", [[0], [1], [0, 1]], ids=["the newest", "the one before", "both"])
@pytest.mark.parametrize("suffix", [".faiss", ".arrow"])
def test_no_damaged_file_changes_an_answer(
    published: Path, other: Path, damage: Damage, which: list[int], suffix: str
) -> None:
    expected, damaged = answers(published), [index_files(published, suffix)[position] for position in which]
    for path in damaged:
        damage(path, other)
    assert answers(published) == expected
    with Store.open(published, writing=True) as store:
        assert store.verify() == [
            f"index/{path.name}: missing or damaged; searching works without it, from the rows" for path in damaged
        ]
        # The next publication writes a new file, the one after it removes the damaged ones.
        store.publish()
        store.delete(ids=[0])
        store.publish()
        assert store.verify() == []
    live = np.delete(VECTORS, [0, 3, 20, 50], axis=0)
    np.testing.assert_array_equal(fixed_name_vectors(published), live)


def test_items_newer_than_the_index_file_are_searched_too(published: Path) -> None:
    with Store.open(published) as store:
        assert [hits[0].id for hits in store.nearest(VECTORS[[40, 69, 70, 99]], 1)] == [40, 69, 70, 99]
        assert not {3, 20, 50} & {hit.id for hits in store.nearest(VECTORS[[3, 20, 50]], 97) for hit in hits}


def test_no_hit_is_returned_from_a_file_that_matches_its_record_but_not_the_rows(published: Path, other: Path) -> None:
    forged = index_files(other)[0]
    sha256 = sql(other, "SELECT sha256 FROM generations ORDER BY number DESC")[0][0]
    shutil.copyfile(forged, published / "index" / forged.name)
    sql(published, "UPDATE generations SET sha256 = ? WHERE number = 2", sha256)
    with Store.open(published) as store:
        hit = store.nearest(VECTORS[70], 1)[0][0]
        assert (hit.id, hit.distance) == (70, 0.0)
        with pytest.raises(StoreCorrupt, match=r"^expected item [0-9]+ to match its checksum, but "):
            store.nearest(QUERIES, 7)
        assert store.verify() == [f"index/{forged.name}: its vectors are not those of the rows"]


def test_a_generation_without_columns_as_earlier_versions_wrote_it_is_not_used_and_gets_them_at_the_next_publication(
    published: Path,
) -> None:
    expected = answers(published)
    sql(published, "DELETE FROM generation_columns")
    for path in index_files(published, ".arrow"):
        path.unlink()
    assert answers(published) == expected
    with Store.open(published, writing=True) as store:
        assert store.verify() == []
        store.publish()
        assert store.verify() == []
    assert len(index_files(published, ".arrow")) == 1
    assert answers(published) == expected


def test_an_index_file_of_another_history_is_not_used(published: Path, other: Path) -> None:
    expected, theirs = answers(published), index_files(other)[0]
    shutil.copyfile(theirs, published / "index" / theirs.name)
    record = sql(other, "SELECT chain, sha256 FROM generations WHERE number = 2")[0]
    sql(published, "UPDATE generations SET chain = ?, sha256 = ? WHERE number = 2", *record)
    assert answers(published) == expected
