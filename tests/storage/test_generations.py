"""Index files: used when they prove whole, otherwise done without, and made again."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest

from storage import Embedding, Hit, Store
from storage.errors import StoreCorrupt
from tests.storage.stores import files, label_of, oracle_items, random_vectors, sql

DIM = 8
VECTORS = random_vectors(100, DIM)
QUERIES = np.concatenate((VECTORS[::9], random_vectors(20, DIM, seed=2)))


def published_store(folder: Path, *, seed: int = 1) -> Path:
    """Make a store of two generations, of 40 and of 70 items less two deleted ones, and of 30 items after them."""
    vectors = random_vectors(100, DIM, seed)
    with Store.create(folder, Embedding(DIM, "f" * 64)) as store:
        store.append(oracle_items(vectors[:40]), vectors[:40])
        store.publish()
        store.append(oracle_items(vectors[40:70], first=40), vectors[40:70])
        store.delete(ids=[3, 50])
        store.publish()
        store.append(oracle_items(vectors[70:], first=70), vectors[70:])
        store.delete(ids=[20])
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two such stores of different vectors; copies of it are worked on."""
    folder = tmp_path_factory.mktemp("made")
    published_store(folder / "store")
    published_store(folder / "other", seed=3)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made / "store", tmp_path / "store")


@pytest.fixture
def other(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made / "other", tmp_path / "other")


def index_files(folder: Path) -> list[Path]:
    """Return the generations' files, newest first."""
    return sorted((folder / "index").glob("g-*.faiss"), reverse=True)


def answers(folder: Path) -> list[list[Hit]]:
    """Return what a store answers that was just opened, every label proved to be its vector's."""
    with Store.open(folder) as store:
        hits = store.nearest(QUERIES, 7)
        found = [hit for some in hits for hit in some]
        labels = [label_of(vector) for vector in store.vectors([hit.id for hit in found])]
        assert [hit.label for hit in found] == labels
        return hits


def fixed_name_vectors(folder: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return the vectors of `index.faiss` as FAISS reads them."""
    index = faiss.read_index(str(folder / "index.faiss"))
    return np.asarray(index.reconstruct_n(0, index.ntotal), np.float32)


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
def test_no_damaged_index_file_changes_an_answer(folder: Path, other: Path, damage: Damage, which: list[int]) -> None:
    expected, damaged = answers(folder), [index_files(folder)[place] for place in which]
    for path in damaged:
        damage(path, other)
    assert answers(folder) == expected
    with Store.open(folder, writing=True) as store:
        assert store.verify() == [
            f"index/{path.name}: missing or damaged; searching works without it, from the rows" for path in damaged
        ]
        # The next publication makes a new file, the one after it lets the damaged ones go.
        store.publish()
        store.delete(ids=[0])
        store.publish()
        assert store.verify() == []
    alive = np.delete(VECTORS, [0, 3, 20, 50], axis=0)
    np.testing.assert_array_equal(fixed_name_vectors(folder), alive)


def test_every_answer_counts_what_came_after_the_index_file(folder: Path) -> None:
    with Store.open(folder) as store:
        assert [hits[0].id for hits in store.nearest(VECTORS[[40, 69, 70, 99]], 1)] == [40, 69, 70, 99]
        assert not {3, 20, 50} & {hit.id for hits in store.nearest(VECTORS[[3, 20, 50]], 97) for hit in hits}


def test_a_file_that_matches_its_record_but_not_the_rows_is_never_answered_from(folder: Path, other: Path) -> None:
    forged = index_files(other)[0]
    sha256 = sql(other, "SELECT sha256 FROM generations ORDER BY number DESC")[0][0]
    shutil.copyfile(forged, folder / "index" / forged.name)
    sql(folder, "UPDATE generations SET sha256 = ? WHERE number = 2", sha256)
    with Store.open(folder) as store:
        found = store.nearest(VECTORS[70], 1)[0][0]
        assert (found.id, found.distance) == (70, 0.0)
        with pytest.raises(StoreCorrupt, match=r"^expected the index to hold the vector of item [0-9]+, but it holds "):
            store.nearest(QUERIES, 7)
        assert store.verify() == [f"index/{forged.name}: its vectors are not those of the rows"]


def test_an_index_file_of_another_history_is_not_used(folder: Path, other: Path) -> None:
    expected, theirs = answers(folder), index_files(other)[0]
    shutil.copyfile(theirs, folder / "index" / theirs.name)
    record = sql(other, "SELECT chain, sha256 FROM generations WHERE number = 2")[0]
    sql(folder, "UPDATE generations SET chain = ?, sha256 = ? WHERE number = 2", *record)
    assert answers(folder) == expected


# Publishing


def test_the_fixed_name_opens_with_faiss_and_has_the_items_in_id_order(folder: Path) -> None:
    np.testing.assert_array_equal(fixed_name_vectors(folder), np.delete(VECTORS[:70], [3, 50], axis=0))
    with Store.open(folder, writing=True) as store:
        store.publish()
        ids, vectors = store.all_vectors()
    np.testing.assert_array_equal(fixed_name_vectors(folder), vectors)
    np.testing.assert_array_equal(vectors, np.delete(VECTORS, [3, 20, 50], axis=0))
    np.testing.assert_array_equal(ids, np.delete(np.arange(100), [3, 20, 50]))


def test_an_empty_store_is_published_too(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store", Embedding(DIM, "f" * 64)) as store:
        store.publish()
        assert store.verify() == []
    assert faiss.read_index(str(tmp_path / "store" / "index.faiss")).ntotal == 0


def test_publishing_what_is_published_changes_nothing(folder: Path) -> None:
    with Store.open(folder, writing=True) as store:
        store.publish()
        before = files(folder)
        store.publish()
    assert files(folder) == before


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"not an index")])
def test_publishing_gives_back_a_fixed_name_that_was_lost(folder: Path, spoil: Callable[[Path], object]) -> None:
    with Store.open(folder, writing=True) as store:
        store.publish()
        # A program that writes to the name in place would write to the generation too: it is the same file.
        (folder / "index.faiss").rename(folder / "taken")
        shutil.copyfile(folder / "taken", folder / "index.faiss")
        spoil(folder / "index.faiss")
        store.publish()
    np.testing.assert_array_equal(fixed_name_vectors(folder), np.delete(VECTORS, [3, 20, 50], axis=0))


def test_the_newest_file_and_the_one_before_are_kept_and_older_ones_go(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store", Embedding(DIM, "f" * 64)) as store:
        made: list[set[str]] = []
        for start in range(0, 50, 10):
            store.append(oracle_items(VECTORS[start : start + 10], first=start), VECTORS[start : start + 10])
            store.publish()
            made.append({path.name for path in index_files(store.folder)})
        assert [len(some) for some in made] == [1, 2, 2, 2, 2]
        assert [sorted(name[:8] for name in some) for some in made[-2:]] == [
            ["g-000003", "g-000004"],
            ["g-000004", "g-000005"],
        ]
        assert len(made[-1] & made[-2]) == 1


def test_nothing_that_others_put_beside_the_index_files_is_removed(folder: Path) -> None:
    index = folder / "index"
    theirs = {"notes.txt": b"a", "g-notes.txt": b"b", "g-mine.faiss": b"c", "sub/g-000001-0123456789abcdef.faiss": b"d"}
    (index / "sub").mkdir()
    (index / "g-000001-0123456789abcdef.faiss").mkdir()
    for name, data in theirs.items():
        (index / name).write_bytes(data)
    (index / "new.tmp").write_bytes(b"left by an interrupted write")
    (index / "g-000000-0123456789abcdef.faiss").write_bytes(b"left by an older generation")
    before = set(files(index))
    with Store.open(folder, writing=True) as store:
        store.publish()
    after = set(files(index))
    assert {name: files(index)[name] for name in theirs} == theirs
    assert (index / "g-000001-0123456789abcdef.faiss").is_dir()
    assert {name[:8] for name in before - after} == {"new.tmp", "g-000000", "g-000001"}
    assert {name[:8] for name in after - before} == {"g-000003"}


def test_an_index_folder_that_is_gone_comes_back(folder: Path) -> None:
    expected = answers(folder)
    shutil.rmtree(folder / "index")
    (folder / "index.faiss").unlink()
    assert answers(folder) == expected
    with Store.open(folder, writing=True) as store:
        store.publish()
    assert answers(folder) == expected
    assert len(fixed_name_vectors(folder)) == 97
