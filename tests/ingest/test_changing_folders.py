"""A folder that changes between two jobs: what moved, was relabelled, copied or swapped is not embedded again."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.images.images import decode
from ingest.pipeline.progress import Progress
from ingest.sources import InMemorySource, SourceImage
from storage import Store
from tests.ingest.jobs import Killed, again, contents, counts, job, no_backbone
from tests.storage.stores import sql
from tests.toys import ToyBackbone, grey, png, toy_backbone, write_greys

#: One grey level a file.
LEVELS = {"cats/a.png": 0, "cats/b.png": 51, "dogs/c.png": 102, "d.png": 153}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_greys(tmp_path / "pictures", LEVELS)


@pytest.fixture
def store(folder: Path, tmp_path: Path) -> Path:
    """Return a store of the folder."""
    job(f"folder:{folder}", tmp_path / "store")
    return tmp_path / "store"


def grey_levels(store: Path) -> dict[str, tuple[str | None, int]]:
    """Return the label of each key, and the grey level that its vector, its content and its thumbnail are of.

    The toy head only rotates and shifts the features, so a level follows from the distance to the darkest item.
    """
    levels = {}
    with Store.open(store) as opened:
        assert opened.verify() == []
        items = opened.items()
        vectors = opened.vectors([item.id for item in items])
        thumbnails = opened.thumbnails([item.id for item in items])
    by_content = {content_of(level): level for level in range(256)}
    anchor = next(row for row, item in enumerate(items) if by_content[item.content] == 0)
    for item, vector in zip(items, vectors, strict=True):
        level = round(float(np.linalg.norm(vector - vectors[anchor])) / 2 * 255)
        assert by_content[item.content] == level
        assert set(decode(thumbnails[item.id], "a thumbnail").reshape(-1).tolist()) == {level}
        assert (item.metadata["width"], item.metadata["height"]) == (8, 8)
        assert item.metadata["path"] == item.key
        levels[item.key] = item.label, level
    return levels


def content_of(level: int) -> bytes:
    return hashlib.sha256(png(grey(level))).digest()


def labelled(levels: dict[str, int]) -> dict[str, tuple[str | None, int]]:
    """Return what a store holds of a folder with these files."""
    return {key: (key.split("/")[0] if "/" in key else None, level) for key, level in levels.items()}


def rename(folder: Path, old: str, new: str) -> None:
    (folder / new).parent.mkdir(exist_ok=True)
    (folder / old).rename(folder / new)


def test_a_renamed_file_keeps_its_vector_under_a_new_id(folder: Path, store: Path) -> None:
    rename(folder, "cats/b.png", "cats/z.png")
    assert counts(again(folder, store)) == {"moved": 1, "unchanged": 3}
    levels = {"cats/a.png": 0, "dogs/c.png": 102, "d.png": 153, "cats/z.png": 51}
    assert grey_levels(store) == labelled(levels)
    with Store.open(store) as opened:
        assert [item.id for item in opened.items()] == [0, 2, 3, 4]
        assert opened.by_key("cats/z.png").id == 4


def test_a_file_that_moves_to_another_sub_folder_gets_its_label(folder: Path, store: Path) -> None:
    rename(folder, "cats/b.png", "dogs/b.png")
    rename(folder, "d.png", "birds/d.png")
    assert counts(again(folder, store)) == {"moved": 2, "unchanged": 2}
    assert grey_levels(store) == labelled({"cats/a.png": 0, "dogs/b.png": 51, "dogs/c.png": 102, "birds/d.png": 153})


def test_a_renamed_sub_folder_moves_all_its_files(folder: Path, store: Path) -> None:
    (folder / "cats").rename(folder / "felines")
    assert counts(again(folder, store)) == {"moved": 2, "unchanged": 2}
    assert grey_levels(store) == labelled({"felines/a.png": 0, "felines/b.png": 51, "dogs/c.png": 102, "d.png": 153})


def test_two_files_that_were_swapped_swap_their_vectors(folder: Path, store: Path) -> None:
    rename(folder, "cats/a.png", "spare")
    rename(folder, "dogs/c.png", "cats/a.png")
    rename(folder, "spare", "dogs/c.png")
    assert counts(again(folder, store)) == {"replaced": 2, "unchanged": 2}
    assert grey_levels(store) == labelled({**LEVELS, "cats/a.png": 102, "dogs/c.png": 0})


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_files_that_changed_places_in_a_circle_are_not_embedded_however_small_the_batches(
    folder: Path, store: Path, batch_size: int
) -> None:
    for (key, _), level in zip(LEVELS.items(), (153, 0, 51, 102), strict=True):
        (folder / key).write_bytes(png(grey(level)))
    assert counts(again(folder, store, batch_size=batch_size)) == {"replaced": 4}
    assert grey_levels(store) == labelled({"cats/a.png": 153, "cats/b.png": 0, "dogs/c.png": 51, "d.png": 102})


def test_a_rename_in_case_alone_is_a_move(folder: Path, store: Path) -> None:
    rename(folder, "cats/a.png", "cats/A.PNG")
    assert counts(again(folder, store)) == {"moved": 1, "unchanged": 3}
    assert grey_levels(store) == labelled({"cats/A.PNG": 0, "cats/b.png": 51, "dogs/c.png": 102, "d.png": 153})


def test_a_copy_is_one_more_item_with_the_same_vector(folder: Path, store: Path) -> None:
    shutil.copy(folder / "cats/a.png", folder / "copy.png")
    assert counts(again(folder, store)) == {"added": 1, "unchanged": 4}
    assert grey_levels(store) == labelled({**LEVELS, "copy.png": 0})


def test_a_file_moved_over_another_takes_its_place(folder: Path, store: Path) -> None:
    rename(folder, "cats/a.png", "cats/b.png")
    assert counts(again(folder, store)) == {"moved": 1, "unchanged": 2}
    # No item is of grey level 0 any more, which the distances are measured from.
    with Store.open(store) as opened:
        assert sorted(item.key for item in opened.items()) == ["cats/b.png", "d.png", "dogs/c.png"]
        assert opened.by_key("cats/b.png").content == content_of(0)
        assert opened.verify() == []


def test_a_chain_of_renames_embeds_nothing(folder: Path, store: Path) -> None:
    rename(folder, "d.png", "e.png")
    rename(folder, "dogs/c.png", "d.png")
    rename(folder, "cats/b.png", "dogs/c.png")
    report = again(folder, store)
    assert report.items == 4
    assert counts(report) == {"added": 1, "replaced": 1, "moved": 1, "unchanged": 1}
    assert grey_levels(store) == labelled({"cats/a.png": 0, "dogs/c.png": 51, "d.png": 102, "e.png": 153})


def test_of_equal_files_each_moves_once(tmp_path: Path) -> None:
    folder = write_greys(tmp_path / "pictures", {"a/1.png": 0, "a/2.png": 0, "a/3.png": 0, "b/4.png": 0, "b/5.png": 9})
    job(f"folder:{folder}", tmp_path / "store")
    (folder / "a").rename(folder / "c")
    shutil.copy(folder / "b/4.png", folder / "c/9.png")
    assert counts(again(folder, tmp_path / "store")) == {"moved": 3, "added": 1, "unchanged": 2}
    levels = {"c/1.png": 0, "c/2.png": 0, "c/3.png": 0, "c/9.png": 0, "b/4.png": 0, "b/5.png": 9}
    assert grey_levels(tmp_path / "store") == labelled(levels)


def test_what_is_new_is_embedded_beside_what_moved(folder: Path, store: Path) -> None:
    rename(folder, "cats/a.png", "cats/moved.png")
    write_greys(folder, {"cats/new.png": 204, "dogs/c.png": 255})
    backbone = ToyBackbone()
    report = job(f"folder:{folder}", store, toy_backbone(backbone))
    assert counts(report) == {"added": 1, "replaced": 1, "moved": 1, "unchanged": 2}
    # A batch for the canaries, one for both new pictures.
    assert backbone.batches == 2
    levels = {"cats/moved.png": 0, "cats/new.png": 204, "cats/b.png": 51, "dogs/c.png": 255, "d.png": 153}
    assert grey_levels(store) == labelled(levels)


def test_without_a_thumbnail_to_take_along_a_moved_file_is_embedded_again(folder: Path, store: Path) -> None:
    sql(store, "DELETE FROM thumbnails WHERE item = 0")
    rename(folder, "cats/a.png", "cats/moved.png")
    report = job(f"folder:{folder}", store)
    assert counts(report) == {"added": 1, "unchanged": 3, "gone": 1}
    with Store.open(store) as opened:
        assert len(opened.thumbnails([4])) == 1


def test_a_label_that_changed_is_taken_up_without_embedding(folder: Path, store: Path) -> None:
    assert counts(again(folder, store, flat=True)) == {"relabelled": 3, "unchanged": 1}
    assert grey_levels(store) == {key: (None, level) for key, level in LEVELS.items()}
    assert counts(again(folder, store, flat=True)) == {"unchanged": 4}
    assert counts(again(folder, store)) == {"relabelled": 3, "unchanged": 1}
    assert grey_levels(store) == labelled(LEVELS)


def labelled_source(label: str | None, metadata: dict[str, Any]) -> InMemorySource:
    return InMemorySource("mine", [SourceImage("a", lambda: grey(7), label, metadata)])


@pytest.mark.parametrize(
    ("label", "metadata"),
    [
        ("dog", {"year": 2024, "kept": True}),
        (None, {"year": 2024, "kept": True}),
        ("cat", {"year": 2025, "kept": True}),
        ("cat", {"year": "2024", "kept": True}),
        ("cat", {"year": 2024, "kept": 1}),
        ("cat", {"year": 2024, "kept": None}),
        ("cat", {"year": 2024}),
        ("cat", {"year": 2024, "kept": True, "more": 1}),
    ],
)
def test_any_change_of_label_or_metadata_is_taken_up_once(
    label: str | None, metadata: dict[str, Any], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    job(labelled_source("cat", {"year": 2024, "kept": True, "width": 77}), store)
    assert counts(job(labelled_source("cat", {"year": 2024, "kept": True}), store, no_backbone)) == {"unchanged": 1}
    assert counts(job(labelled_source(label, metadata), store, no_backbone)) == {"relabelled": 1}
    (item,) = contents(store)[0]
    assert (item.id, item.label, item.metadata) == (1, label, {**metadata, "width": 8, "height": 8})
    assert counts(job(labelled_source(label, metadata), store, no_backbone)) == {"unchanged": 1}


def test_with_a_limit_a_file_beyond_it_has_not_moved(folder: Path, store: Path) -> None:
    shutil.copy(folder / "dogs/c.png", folder / "a-copy.png")
    assert counts(again(folder, store, limit=1)) == {"added": 1}
    assert len(contents(store)[0]) == 5


def test_jobs_remember_what_moved_and_what_was_relabelled(folder: Path, store: Path) -> None:
    rename(folder, "d.png", "cats/d.png")
    again(folder, store)
    again(folder, store, flat=True)
    with Store.open(store) as opened:
        jobs = [(entry.moved, entry.relabelled, entry.unchanged, entry.finished) for entry in opened.jobs()]
    assert jobs == [(0, 0, 0, True), (1, 0, 3, True), (0, 4, 0, True)]


@pytest.mark.parametrize("batch_size", [1, 2])
@pytest.mark.parametrize("after", range(1, 5))
def test_a_job_that_moves_files_can_be_killed_after_any_batch_and_called_again(
    folder: Path, store: Path, after: int, batch_size: int
) -> None:
    def kill(progress: Progress) -> None:
        if progress.done >= after:
            raise Killed

    (folder / "cats").rename(folder / "felines")
    rename(folder, "d.png", "dogs/d.png")
    with pytest.raises(Killed):
        again(folder, store, batch_size=batch_size, on_progress=kill)
    # Each picture is there once, at its old place or its new one.
    assert sorted(level for _, level in grey_levels(store).values()) == [0, 51, 102, 153]
    again(folder, store, batch_size=batch_size)
    assert grey_levels(store) == labelled(
        {"felines/a.png": 0, "felines/b.png": 51, "dogs/c.png": 102, "dogs/d.png": 153}
    )
