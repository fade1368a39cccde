"""The source `folder:DIR`."""

import os
from pathlib import Path

import pytest

from ingest.errors import SourceUnusable
from ingest.sources import SourceImage
from ingest.sources.folder import Folder
from tests.toys import grey, png


def write(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(png(grey(len(path))))


def keys(root: Path) -> list[str]:
    return [image.key for image in Folder(root)]


def test_the_first_sub_folder_is_the_label(tmp_path: Path) -> None:
    write(tmp_path, "cat/1.png", "dog/brown/2.png", "3.png")
    assert [(image.key, image.label, image.metadata) for image in Folder(tmp_path)] == [
        ("3.png", None, {"source": "folder", "path": "3.png"}),
        ("cat/1.png", "cat", {"source": "folder", "path": "cat/1.png"}),
        ("dog/brown/2.png", "dog", {"source": "folder", "path": "dog/brown/2.png"}),
    ]


def test_an_image_is_read_as_the_bytes_of_its_file(tmp_path: Path) -> None:
    write(tmp_path, "cat/1.png")
    (image,) = Folder(tmp_path)
    assert image.read() == (tmp_path / "cat" / "1.png").read_bytes()


def test_files_come_in_the_order_of_their_paths_whatever_the_order_they_were_made_in(tmp_path: Path) -> None:
    write(tmp_path, "b/1.png", "a.png", "b/10.png", "c.png", "a/2.png", "b/2.png")
    assert keys(tmp_path) == ["a.png", "a/2.png", "b/1.png", "b/10.png", "b/2.png", "c.png"]


def test_a_folder_can_be_walked_again_and_knows_its_length(tmp_path: Path) -> None:
    write(tmp_path, "b.png", "a.png")
    folder = Folder(tmp_path)
    walks: list[list[SourceImage]] = [list(folder), list(folder)]
    assert [[image.key for image in walk] for walk in walks] == [["a.png", "b.png"], ["a.png", "b.png"]]
    assert len(folder) == 2


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, ".hidden.png", ".git/1.png", "cat/.thumbnails/2.png", "cat/._3.png", "cat/4.png")
    assert keys(tmp_path) == ["cat/4.png"]


def test_links_to_files_and_folders_are_left_out(tmp_path: Path) -> None:
    elsewhere, root = tmp_path / "elsewhere", tmp_path / "root"
    write(elsewhere, "1.png")
    write(root, "2.png")
    (root / "3.png").symlink_to(elsewhere / "1.png")
    (root / "cat").symlink_to(elsewhere)
    (root / "broken.png").symlink_to(root / "nothing.png")
    (root / "loop").symlink_to(root)
    assert keys(root) == ["2.png"]


def test_a_link_to_the_folder_itself_is_followed(tmp_path: Path) -> None:
    write(tmp_path / "images", "cat/1.png")
    (tmp_path / "link").symlink_to(tmp_path / "images")
    assert keys(tmp_path / "link") == ["cat/1.png"]


def test_only_image_suffixes_count_in_upper_or_lower_case(tmp_path: Path) -> None:
    write(tmp_path, "1.PNG", "2.JpEg", "3.tiff", "4.txt", "5.csv", "png", "6.png.bak")
    assert keys(tmp_path) == ["1.PNG", "2.JpEg", "3.tiff"]


def test_a_file_name_that_is_not_utf_8_is_kept_as_the_system_gives_it(tmp_path: Path) -> None:
    write(tmp_path, os.fsdecode(b"caf\xe9.png"), "tea.png")
    assert keys(tmp_path) == ["caf\udce9.png", "tea.png"]
    assert [image.read() for image in Folder(tmp_path)] == [png(grey(8)), png(grey(7))]


def test_a_missing_folder_and_a_file_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "1.png")
    for path in (tmp_path / "nothing", tmp_path / "1.png"):
        with pytest.raises(SourceUnusable) as refused:
            Folder(path)
        assert str(refused.value) == (
            f"expected a folder of images, got {path}, which is not a folder: name one that exists"
        )
