"""Which files a store was made from, under whatever path they are named."""

import shlex
from collections.abc import Iterable
from pathlib import Path

import pytest

from storage import Embedding, NewItem, Store
from storage.files.source_files import is_source_file
from storage.types.jobs import Job, JobUpdate, Rejected


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def is_known(path: Path, sources: Iterable[str], keys: Iterable[str] = ("cats/a.png", "b.png")) -> bool:
    return is_source_file(path, sources, lambda: keys)


def test_an_image_of_a_folder_is_known_by_any_name_and_other_files_are_not(tmp_path: Path) -> None:
    image, other = write(tmp_path / "pictures/cats/a.png"), write(tmp_path / "pictures/cats/other.png")
    source = f"folder:{tmp_path / 'pictures'}"
    (tmp_path / "link.png").symlink_to(image)
    (tmp_path / "hard link.png").hardlink_to(image)
    (tmp_path / "pictures too").symlink_to(tmp_path / "pictures")
    names = [
        image,
        tmp_path / "link.png",
        tmp_path / "hard link.png",
        tmp_path / "pictures too/cats/a.png",
        tmp_path / "pictures/../pictures/cats/a.png",
    ]
    for sources in ([source], [source, source], ["mnist-sample", source], [f"{source} --limit=3 --flat"]):
        assert [is_known(name, sources) for name in names] == [True] * len(names)
    assert [is_known(path, [source]) for path in (other, tmp_path / "pictures/none.png", tmp_path)] == [False] * 3


def test_a_folder_that_was_named_by_a_link_or_has_odd_letters_is_known(tmp_path: Path) -> None:
    image = write(tmp_path / "my 'odd' pictures/b.png")
    (tmp_path / "link").symlink_to(image.parent)
    for folder in (image.parent, tmp_path / "link"):
        assert is_known(image, [shlex.quote(f"folder:{folder}")])


def test_a_link_among_the_images_makes_its_file_known(tmp_path: Path) -> None:
    hidden = write(tmp_path / ".hidden.png")
    (tmp_path / "b.png").symlink_to(hidden)
    assert is_known(hidden, [f"folder:{tmp_path}"])


def test_a_manifest_is_known_and_the_images_beside_it(tmp_path: Path) -> None:
    manifest, image = write(tmp_path / "list.csv"), write(tmp_path / "cats/a.png")
    other = write(tmp_path / "cats/c.png")
    assert [is_known(path, [f"manifest:{manifest}"]) for path in (manifest, image, other)] == [True, True, False]


def test_the_files_of_data_sets_are_known(tmp_path: Path) -> None:
    idx, npz = write(tmp_path / "idx/train-images-idx3-ubyte"), write(tmp_path / "data.npz")
    sources = [f"idx:{idx.parent}", f"npz:{npz}"]
    assert [is_known(path, sources) for path in (idx, npz, write(tmp_path / "other.npz"))] == [True, True, False]


def test_images_that_a_program_passed_are_known_by_their_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    absolute, relative = write(tmp_path / "elsewhere/a.png"), write(tmp_path / "b.png")
    keys = [str(absolute), "b.png", "no path\0", "x" * 5000]
    assert [is_known(path, ["(mine)"], keys) for path in (absolute, relative)] == [True, True]
    assert not is_known(write(tmp_path / "c.png"), ["(mine)"], keys)


@pytest.mark.parametrize("source", ["", "folder:", "'", "folder:/nowhere/at/all", "mnist"])
def test_a_source_without_files_knows_none(tmp_path: Path, source: str) -> None:
    assert not is_known(write(tmp_path / "a.png"), [source])


def test_images_are_not_compared_with_a_file_outside_of_their_folder(tmp_path: Path) -> None:
    def keys() -> list[str]:
        raise AssertionError

    (tmp_path / "pictures").mkdir()
    assert not is_source_file(write(tmp_path / "figure.png"), [f"folder:{tmp_path / 'pictures'}"], keys)


def test_a_store_knows_its_items_its_rejected_inputs_and_its_index_but_no_deleted_item(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    known = [write(pictures / name) for name in ("a.png", "cats/ß.png", "broken.png", "in metadata.png")]
    unknown = [write(pictures / name) for name in ("deleted.png", "figure.png")]
    items = [
        NewItem("a.png", b""),
        NewItem("cats/ß.png", b""),
        NewItem("deleted.png", b""),
        NewItem("a name", b"", metadata={"path": "in metadata.png"}),
        NewItem("another", b"", metadata={"path": 3}),
    ]
    job = Job(1, f"folder:{pictures}", 4, added=3, rejected=1, finished=True)
    with Store.create(tmp_path / "store", Embedding(2, "f" * 64)) as store:
        store.append(items, [[1, 2]] * len(items), JobUpdate(job, [Rejected("broken.png", "cut off")]))
        store.delete(keys=["deleted.png"])
        store.publish()
        assert [store.is_own_file(path) for path in known] == [True] * len(known)
        assert [store.is_own_file(path) for path in unknown] == [False] * len(unknown)
        generation = sorted((store.folder / "index").iterdir())
        index = store.folder / "index.faiss"
        assert [store.is_own_file(path) for path in (*generation, index)] == [True, True, True]
