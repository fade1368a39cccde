"""Publishing the index: a new file, the fixed name, and which files are retained."""

import shutil
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest

from storage import Embedding, Store
from tests.storage.published import DIM, VECTORS, answers, fixed_name_vectors, index_files
from tests.storage.stores import files, oracle_items


def test_the_fixed_name_opens_with_faiss_and_has_the_items_in_id_order(published: Path) -> None:
    np.testing.assert_array_equal(fixed_name_vectors(published), np.delete(VECTORS[:70], [3, 50], axis=0))
    with Store.open(published, writing=True) as store:
        store.publish()
        ids, vectors = store.all_vectors()
    np.testing.assert_array_equal(fixed_name_vectors(published), vectors)
    np.testing.assert_array_equal(vectors, np.delete(VECTORS, [3, 20, 50], axis=0))
    np.testing.assert_array_equal(ids, np.delete(np.arange(100), [3, 20, 50]))


def test_an_empty_store_is_published_too(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store", Embedding(DIM, "f" * 64)) as store:
        store.publish()
        assert store.verify() == []
    assert faiss.read_index(str(tmp_path / "store" / "index.faiss")).ntotal == 0


def test_publishing_again_changes_nothing(published: Path) -> None:
    with Store.open(published, writing=True) as store:
        store.publish()
        before = files(published)
        store.publish()
    assert files(published) == before


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"not an index")])
def test_publishing_restores_a_lost_fixed_name(published: Path, spoil: Callable[[Path], object]) -> None:
    with Store.open(published, writing=True) as store:
        store.publish()
        # A program that writes to the name in place would write to the generation too: it is the same file.
        (published / "index.faiss").rename(published / "taken")
        shutil.copyfile(published / "taken", published / "index.faiss")
        spoil(published / "index.faiss")
        store.publish()
    np.testing.assert_array_equal(fixed_name_vectors(published), np.delete(VECTORS, [3, 20, 50], axis=0))


def test_the_newest_two_files_are_retained_and_older_ones_removed(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store", Embedding(DIM, "f" * 64)) as store:
        names: list[set[str]] = []
        for start in range(0, 50, 10):
            store.append(oracle_items(VECTORS[start : start + 10], first=start), VECTORS[start : start + 10])
            store.publish()
            names.append({path.name for path in index_files(store.folder)})
        assert [len(files) for files in names] == [1, 2, 2, 2, 2]
        assert [sorted(name[:8] for name in files) for files in names[-2:]] == [
            ["g-000003", "g-000004"],
            ["g-000004", "g-000005"],
        ]
        assert len(names[-1] & names[-2]) == 1


def test_foreign_files_beside_the_index_files_are_not_removed(published: Path) -> None:
    index = published / "index"
    other = {"notes.txt": b"a", "g-notes.txt": b"b", "g-mine.faiss": b"c", "sub/g-000001-0123456789abcdef.faiss": b"d"}
    (index / "sub").mkdir()
    (index / "g-000001-0123456789abcdef.faiss").mkdir()
    for name, data in other.items():
        (index / name).write_bytes(data)
    (index / "new.tmp").write_bytes(b"left by an interrupted write")
    (index / "g-000000-0123456789abcdef.faiss").write_bytes(b"left by an older generation")
    before = set(files(index))
    with Store.open(published, writing=True) as store:
        store.publish()
    after = set(files(index))
    assert {name: files(index)[name] for name in other} == other
    assert (index / "g-000001-0123456789abcdef.faiss").is_dir()
    assert {name[:8] for name in before - after} == {"new.tmp", "g-000000", "g-000001"}
    assert {name[:8] for name in after - before} == {"g-000003"}


def test_a_missing_index_folder_is_created_again(published: Path) -> None:
    expected = answers(published)
    shutil.rmtree(published / "index")
    (published / "index.faiss").unlink()
    assert answers(published) == expected
    with Store.open(published, writing=True) as store:
        store.publish()
    assert answers(published) == expected
    assert len(fixed_name_vectors(published)) == 97
