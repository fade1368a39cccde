"""Nothing is removed that may still be there: files that cannot be read, and sources that fail or end early."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import PruneRefused, SourceUnusable
from ingest.pipeline.progress import Progress
from ingest.sources import InMemorySource, SourceImage
from ingest.sources.confined_folder import ConfinedFolder
from storage import Store
from tests.errors import error_message
from tests.ingest.jobs import FailingSource, Killed, again, counts, job, noise_source
from tests.ingest.pruning.pictures import FILES, keys, manifest, without
from tests.toys import write_greys


def test_an_empty_or_missing_source_removes_nothing(pictures: Path, store: Path) -> None:
    shutil.rmtree(pictures)
    with pytest.raises(SourceUnusable, match="which is not a folder"):
        again(pictures, store, prune=True, confirm_prune=lambda *_: True)
    pictures.mkdir()
    with pytest.raises(SourceUnusable, match="expected at least one image"):
        again(pictures, store, prune=True, confirm_prune=lambda *_: True)
    assert keys(store) == sorted(FILES)


def test_a_folder_that_cannot_be_listed_keeps_its_items(
    pictures: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pictures / "b/3.png").unlink()
    scandir = os.scandir

    def refusing(path: str) -> Any:
        if str(path).rstrip("/").endswith("/a"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert counts(again(pictures, store, prune=True)) == {"unchanged": 3, "rejected": 1, "gone": 1, "pruned": 1}
    assert keys(store) == without("b/3.png")


def test_a_file_that_is_there_and_cannot_be_read_keeps_its_item(pictures: Path, store: Path) -> None:
    (pictures / "5.png").write_bytes(b"<html>")
    (pictures / "6.png").unlink()
    (pictures / "6.png").symlink_to("nothing.png")
    assert counts(again(pictures, store, prune=True)) == {"unchanged": 4, "rejected": 2}
    assert keys(store) == sorted(FILES)


def test_a_file_without_a_suffix_whose_start_cannot_be_read_keeps_its_item(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = write_greys(tmp_path / "pictures", {"one": 0, "two.png": 51})
    job(f"folder:{pictures}", tmp_path / "store")

    def failing(*_: object, **__: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(ConfinedFolder, "read_start", failing)
    again(pictures, tmp_path / "store", prune=True)
    assert keys(tmp_path / "store") == ["one", "two.png"]


def test_files_behind_a_link_to_a_folder_are_there(pictures: Path, store: Path) -> None:
    (pictures / "b").rename(pictures.with_name("elsewhere"))
    (pictures / "b").symlink_to(pictures.with_name("elsewhere"))
    (pictures / "new.png").write_bytes((pictures / "b/3.png").read_bytes())
    assert counts(again(pictures, store, prune=True)) == {"added": 1, "unchanged": 4}
    assert keys(store) == sorted([*FILES, "new.png"])


def test_a_file_without_a_suffix_that_is_empty_for_a_moment_is_there(pictures: Path, store: Path) -> None:
    scan = pictures / "a/scan"
    shutil.copy(pictures / "6.png", scan)
    again(pictures, store)
    scan.write_bytes(b"")
    assert counts(again(pictures, store, prune=True)) == {"unchanged": 6}
    assert keys(store) == sorted([*FILES, "a/scan"])


def test_a_row_of_a_manifest_that_cannot_be_used_may_be_any_item(pictures: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    job(manifest(pictures, "a/1.png,x", "5.png,y", "6.png,y"), store)
    source = manifest(pictures, "a/1.png,x", "5.png;y", "6.png,y")
    assert counts(job(source, store, prune=True)) == {"unchanged": 2, "rejected": 1}
    assert keys(store) == ["5.png", "6.png", "a/1.png"]


def test_a_job_that_was_stopped_or_failed_removes_nothing(pictures: Path, store: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.done:
            raise Killed

    (pictures / "a/2.png").unlink()
    with pytest.raises(Killed):
        again(pictures, store, prune=True, batch_size=2, on_progress=stop)
    assert keys(store) == sorted(FILES)


def test_an_error_while_the_source_is_read_removes_nothing(tmp_path: Path) -> None:
    store = tmp_path / "store"
    job(noise_source(20), store, source_name="noise")
    source = FailingSource("noise", list(noise_source(18)))
    source.failing_index = 15
    with pytest.raises(OSError, match="the drive is gone"):
        job(source, store, source_name="noise", prune=True)
    assert len(keys(store)) == 20


class Cut(InMemorySource):
    """A source that ends before its last images."""

    def __iter__(self) -> Iterator[SourceImage]:
        return iter(list(super().__iter__())[:-2])


def test_a_source_that_ends_early_or_is_empty_removes_nothing(tmp_path: Path) -> None:
    store = tmp_path / "store"
    job(noise_source(5), store, source_name="noise")
    for source, images, walked in ((Cut("noise", list(noise_source(5))), 5, 3), (InMemorySource("noise", []), 0, 0)):
        options: dict[str, Any] = {"source_name": "noise", "prune": True, "confirm_prune": lambda *_: True}
        assert error_message(PruneRefused, job, source, store, **options) == (
            f"expected {images} images of (noise), got {walked}: no item was removed, and all else was stored; check "
            "the source"
        )
    assert len(keys(store)) == 5


def test_a_source_whose_path_is_no_utf8_is_there(pictures: Path, tmp_path: Path) -> None:
    latin = pictures.rename(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    job(f"folder:{latin}", tmp_path / "store")
    other = write_greys(tmp_path / "other", {"a/1.png": 0})
    assert counts(job(f"folder:{other}", tmp_path / "store")) == {"unchanged": 1}
    with Store.open(tmp_path / "store") as opened:
        assert [count for _, count in opened.source_counts().items()] == [6]
