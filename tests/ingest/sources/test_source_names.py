"""The names of sources on the command line, and their limit."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.errors import InvalidCount, SourceUnusable
from ingest.sources import USAGE, open_source
from ingest.sources.job_source import job_source
from ingest.sources.registry import path_source_name
from tests.errors import error_message
from tests.ingest.sources.idx_files import pictures, write_split
from tests.processes import REPOSITORY
from tests.toys import write_greys


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_greys(tmp_path, {"a.png": 1, "b.png": 1, "c.png": 1})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MNIST",
        "folder",
        "folder:",
        "idx",
        "npz:",
        "manifest",
        "mnist:",
        "mnist-sample:x",
        "Folder:x",
        ":x",
        "x.csv",
    ],
)
def test_any_other_name_is_refused_with_the_list_of_names(text: str) -> None:
    assert error_message(SourceUnusable, open_source, text) == (
        "expected a source (mnist-sample, mnist, mnist:FILE.tgz, fashion-mnist, idx:DIR, npz:FILE, folder:DIR or "
        f"manifest:FILE), got {text!r}"
    )


def test_a_folder_without_its_prefix_is_refused_with_the_name_to_write(tmp_path: Path) -> None:
    assert error_message(SourceUnusable, open_source, str(tmp_path)) == (
        f"expected a source ({USAGE}), got {str(tmp_path)!r}: write folder:{tmp_path} for the images in that folder"
    )


@pytest.mark.parametrize(("name", "kind", "noun"), [("a.npz", "npz", "file"), ("a.csv", "manifest", "manifest")])
def test_so_is_a_file(tmp_path: Path, name: str, kind: str, noun: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"")
    assert error_message(SourceUnusable, open_source, str(path)) == (
        f"expected a source ({USAGE}), got {str(path)!r}: write {kind}:{path} for the images in that {noun}"
    )


def test_a_path_object_needs_no_prefix(folder: Path) -> None:
    source = job_source(folder, None, flat=False, download=False, source_name=None)
    assert (source.text, [image.key for image in source.images]) == (f"folder:{folder}", ["a.png", "b.png", "c.png"])
    assert error_message(SourceUnusable, path_source_name, folder / "a.png") == (
        f"expected a folder, an .npz file or a manifest (.csv or .parquet), got {folder / 'a.png'}, which is none: "
        "name one that exists"
    )


def test_an_object_that_is_no_source_is_refused() -> None:
    images: Any = ["a.png"]
    message = error_message(SourceUnusable, job_source, images, None, flat=False, download=False, source_name=None)
    assert message == (
        "expected a source's name, a path, or an object with a name, a length and images, got list: "
        "wrap images in ingest.sources.InMemorySource"
    )


def test_a_folder_is_named_by_its_path(folder: Path) -> None:
    source = open_source(f"folder:{folder}")
    assert (source.name, [image.key for image in source]) == ("folder", ["a.png", "b.png", "c.png"])


def test_a_colon_in_the_path_belongs_to_the_path(tmp_path: Path) -> None:
    assert error_message(SourceUnusable, open_source, f"folder:{tmp_path}/a:b") == (
        f"expected a folder of images, got {tmp_path}/a:b, which is not a folder: name one that exists"
    )


@pytest.mark.parametrize(
    ("limit", "keys"), [(1, ["a.png"]), (2, ["a.png", "b.png"]), (2**70, ["a.png", "b.png", "c.png"])]
)
def test_a_limit_keeps_the_first_images_each_time(folder: Path, limit: int, keys: list[str]) -> None:
    source = open_source(f"folder:{folder}", limit)
    assert [[image.key for image in source] for _ in range(2)] == [keys, keys]
    assert (source.name, len(source)) == ("folder", len(keys))


@pytest.mark.parametrize("limit", [0, -1, 1.0, True, "5"])
def test_a_limit_must_be_a_whole_number_from_one(folder: Path, limit: Any) -> None:
    assert error_message(InvalidCount, open_source, f"folder:{folder}", limit) == (
        f"expected the limit to be a whole number of at least 1, got {limit!r}: leave it out for every image"
    )


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    assert error_message(SourceUnusable, open_source, f"folder:{tmp_path}") == (
        f"expected at least one image, got none in folder:{tmp_path}: name a source that has some"
    )


@pytest.mark.parametrize("text", ["mnist-sample", "mnist", "idx:x", "npz:x", "manifest:x"])
def test_flat_is_for_folders_only(text: str) -> None:
    message = error_message(SourceUnusable, open_source, text, flat=True)
    assert message == f"expected --flat with folder:DIR only, got it with {text}: leave it out"


def test_every_kind_of_source_is_opened_by_its_name(folder: Path) -> None:
    write_split(folder, "train", 2)
    np.savez(folder / "arrays.npz", images=pictures(3))
    (folder / "list.csv").write_text("path\na.png\nb.png")
    opened = {
        text: (source.name, len(source))
        for text in (f"idx:{folder}", f"npz:{folder}/arrays.npz", f"folder:{folder}", f"manifest:{folder}/list.csv")
        for source in [open_source(text)]
    }
    assert opened == {
        f"idx:{folder}": ("idx", 2),
        f"npz:{folder}/arrays.npz": ("npz", 3),
        f"folder:{folder}": ("folder", 3),
        f"manifest:{folder}/list.csv": ("manifest", 2),
    }


@pytest.mark.parametrize(("kind", "what"), [("npz", "an .npz file"), ("manifest", "a manifest in CSV or Parquet")])
def test_a_missing_file_a_folder_and_a_named_pipe_are_refused(tmp_path: Path, kind: str, what: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, reason in (
        (tmp_path / "none", "No such file or directory"),
        (tmp_path, "not an ordinary file"),
        (tmp_path / "pipe", "not an ordinary file"),
    ):
        assert error_message(SourceUnusable, open_source, f"{kind}:{path}") == (
            f"expected {what}, got {path}: {reason}: name one that exists and can be read"
        )


def test_every_kind_is_in_the_documentation() -> None:
    page = (REPOSITORY / "docs/sources.md").read_text()
    assert [name for name in USAGE.replace(" or ", ", ").split(", ") if f"`{name}`" not in page] == []
