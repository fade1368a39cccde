"""Items that are no longer in their source: they are counted, and removed only when it is certain and asked for."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest import job as ingest_job
from ingest import retry_job
from ingest.errors import PruneRefused, SourceUnusable
from ingest.pipeline.progress import Progress
from ingest.retry_job import retry
from ingest.sources import InMemorySource, SourceImage
from ingest.sources.confined_folder import ConfinedFolder
from storage import Store
from tests.errors import error_message
from tests.ingest.jobs import FailingSource, Killed, job, noise_source
from tests.ingest.test_changing_folders import again, counts
from tests.storage.stores import sql
from tests.toys import toy_backbone, write_greys

FILES = ["a/1.png", "a/2.png", "b/3.png", "b/4.png", "5.png", "6.png"]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_greys(tmp_path / "pictures", {name: 40 * number for number, name in enumerate(FILES)})


@pytest.fixture
def store(pictures: Path, tmp_path: Path) -> Path:
    job(f"folder:{pictures}", tmp_path / "store")
    return tmp_path / "store"


def keys(store: Path) -> list[str]:
    with Store.open(store) as opened:
        assert opened.verify() == []
        return sorted(item.key for item in opened.items())


def without(*names: str) -> list[str]:
    return sorted(set(FILES) - set(names))


def test_items_whose_files_are_gone_are_counted_and_stay(pictures: Path, store: Path) -> None:
    (pictures / "a/2.png").unlink()
    (pictures / "6.png").unlink()
    for _ in range(2):
        assert counts(again(pictures, store)) == {"unchanged": 4, "gone": 2}
    assert keys(store) == sorted(FILES)


def test_prune_removes_them_and_no_others(pictures: Path, store: Path) -> None:
    (pictures / "a/2.png").unlink()
    (pictures / "6.png").unlink()
    with Store.open(store, writing=True) as opened:
        opened.append([], [], sources={opened.by_key("6.png").id: "(another)"})
    assert counts(again(pictures, store, prune=True)) == {"unchanged": 4, "gone": 1, "pruned": 1}
    assert keys(store) == without("a/2.png")
    assert counts(again(pictures, store, prune=True)) == {"unchanged": 4}
    with Store.open(store) as opened:
        assert [(entry.added, entry.unchanged, entry.pruned) for entry in opened.jobs()] == [(6, 0, 0), (0, 4, 1)]


def test_what_moved_or_replaced_another_is_not_gone(pictures: Path, store: Path) -> None:
    (pictures / "a").rename(pictures / "c")
    (pictures / "b/3.png").rename(pictures / "b/4.png")
    assert counts(again(pictures, store, prune=True)) == {"moved": 3, "unchanged": 2}
    assert keys(store) == ["5.png", "6.png", "b/4.png", "c/1.png", "c/2.png"]


def test_items_are_pruned_in_the_batch_that_ends_the_job(pictures: Path, store: Path) -> None:
    (pictures / "a/2.png").unlink()
    write_greys(pictures, {"new.png": 255})
    with Store.open(store) as opened:
        before = opened.last_batch().number
    assert counts(job(f"folder:{pictures}", store, prune=True)) == {"added": 1, "unchanged": 5, "gone": 1, "pruned": 1}
    with Store.open(store) as opened:
        assert opened.last_batch().number == before + 1


def test_more_than_half_is_removed_only_when_confirmed(pictures: Path, store: Path) -> None:
    shutil.rmtree(pictures / "a")
    shutil.rmtree(pictures / "b")
    write_greys(pictures, {"new.png": 255})
    message = (
        f"expected at most half of the 6 items of folder:{pictures} to be gone, got 4: none was removed, and all else "
        "was stored; check the source, or add --yes"
    )
    assert error_message(PruneRefused, job, f"folder:{pictures}", store, prune=True) == message
    assert keys(store) == sorted([*FILES, "new.png"])
    asked: list[tuple[int, int]] = []

    def confirm(gone: int, items: int) -> bool:
        asked.append((gone, items))
        return True

    report = again(pictures, store, prune=True, confirm_prune=confirm)
    assert (counts(report), asked) == ({"unchanged": 3, "gone": 4, "pruned": 4}, [(4, 7)])
    assert keys(store) == ["5.png", "6.png", "new.png"]


def test_half_is_removed_unasked(pictures: Path, store: Path) -> None:
    for name in FILES[:3]:
        (pictures / name).unlink()
    assert counts(again(pictures, store, prune=True)) == {"unchanged": 3, "gone": 3, "pruned": 3}


def test_a_limit_removes_nothing_and_counts_nothing(pictures: Path, store: Path) -> None:
    (pictures / "a/2.png").unlink()
    report = again(pictures, store, limit=2)
    assert (report.gone, keys(store)) == (None, sorted(FILES))
    assert error_message(PruneRefused, again, pictures, store, limit=2, prune=True) == (
        "expected the whole source, to remove what it no longer has, got a limit: leave one of them out"
    )


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


def manifest(pictures: Path, *rows: str) -> str:
    (pictures / "list.csv").write_text("\n".join(["path,label", *rows]) + "\n")
    return f"manifest:{pictures / 'list.csv'}"


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


def test_a_row_that_a_manifest_lost_is_gone_and_its_label_is_its_own(pictures: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    job(manifest(pictures, "a/1.png,x", "5.png,y", "6.png,y"), store)
    source = manifest(pictures, "a/1.png,z", "6.png,y")
    assert counts(job(source, store, prune=True)) == {"relabelled": 1, "unchanged": 1, "gone": 1, "pruned": 1}
    assert keys(store) == ["6.png", "a/1.png"]


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


def test_a_retry_removes_nothing(pictures: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (ingest_job, retry_job):
        monkeypatch.setattr(module, "vgg16_factory", lambda *_, **__: toy_backbone())

    def stop(progress: Progress) -> None:
        if progress.added:
            raise Killed

    for name in FILES[:4]:
        (pictures / name).unlink()
    write_greys(pictures, {"x.png": 251, "y.png": 252, "z.png": 253})
    with pytest.raises(Killed):
        job(f"folder:{pictures}", store, batch_size=1, prune=True, on_progress=stop)
    report = retry(store)
    assert report is not None
    assert (report.gone, report.pruned) == (4, 0)
    assert set(FILES) < set(keys(store))


def test_without_a_name_of_its_own_nothing_of_a_source_object_is_gone(tmp_path: Path) -> None:
    store = tmp_path / "store"
    job(noise_source(5), store)
    assert job(noise_source(3), store).gone is None
    assert error_message(PruneRefused, job, noise_source(3), store, prune=True) == (
        "expected a source_name for the source (noise), to remove what it no longer has, got none: give it a name that "
        "no other source has, in this and all other jobs"
    )
    # From now on the items of before are known to be of this source.
    assert counts(job(noise_source(5), store, source_name="mine")) == {"unchanged": 5}
    assert counts(job(noise_source(3), store, source_name="mine", prune=True)) == {
        "unchanged": 3,
        "gone": 2,
        "pruned": 2,
    }
    with Store.open(store) as opened:
        assert opened.source_counts() == {"(mine)": 3}


@pytest.mark.parametrize("name", ["", "a\0b", "caf\udce9"])
def test_a_source_name_that_cannot_be_stored_is_refused(name: str, tmp_path: Path) -> None:
    assert error_message(SourceUnusable, job, noise_source(3), tmp_path / "store", source_name=name) == (
        f"expected a source_name in Unicode without NUL, got {name!r}"
    )


def test_a_source_name_is_for_objects(pictures: Path, store: Path) -> None:
    assert error_message(SourceUnusable, again, pictures, store, source_name="mine") == (
        f"expected a source_name for an object only, got 'mine' for 'folder:{pictures}'"
    )


def test_items_from_before_belong_to_the_source_that_has_them_and_keep_their_ids(pictures: Path, store: Path) -> None:
    sql(store, "DELETE FROM item_sources")
    (pictures / "6.png").unlink()
    assert counts(again(pictures, store)) == {"unchanged": 5}
    with Store.open(store) as opened:
        assert [item.id for item in opened.items()] == list(range(6))
        assert opened.source_counts() == {f"folder:{pictures}": 5}
        assert opened.last_batch().number == 1
    (pictures / "5.png").unlink()
    assert counts(again(pictures, store, prune=True)) == {"unchanged": 4, "gone": 1, "pruned": 1}
    assert keys(store) == without("5.png")


def test_items_from_before_of_another_kind_of_source_are_left_alone(pictures: Path, store: Path) -> None:
    sql(store, "DELETE FROM item_sources")
    assert counts(job(manifest(pictures, "a/1.png,x", "5.png,y"), store)) == {"unchanged": 2}
    with Store.open(store) as opened:
        assert opened.source_counts() == {}


def test_a_folder_that_was_moved_as_a_whole_takes_its_items_along(pictures: Path, store: Path) -> None:
    moved = pictures.with_name("moved")
    pictures.rename(moved)
    (moved / "a/1.png").unlink()
    assert counts(again(moved, store)) == {"unchanged": 5}
    with Store.open(store) as opened:
        assert [item.id for item in opened.items()] == list(range(6))
        assert opened.source_counts() == {f"folder:{moved}": 5, f"folder:{pictures}": 1}
    (moved / "6.png").unlink()
    assert counts(again(moved, store, prune=True)) == {"unchanged": 4, "gone": 1, "pruned": 1}


def test_items_that_are_taken_over_keep_their_labels_until_the_next_job(pictures: Path, store: Path) -> None:
    moved = pictures.rename(pictures.with_name("moved"))
    assert counts(job(f"folder:{moved}", store, flat=True)) == {"unchanged": 6}
    with Store.open(store) as opened:
        assert opened.by_key("a/1.png").label == "a"
    assert counts(job(f"folder:{moved}", store, flat=True)) == {"unchanged": 2, "relabelled": 4}


def test_a_source_whose_path_is_no_utf8_is_there(pictures: Path, tmp_path: Path) -> None:
    latin = pictures.rename(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    job(f"folder:{latin}", tmp_path / "store")
    other = write_greys(tmp_path / "other", {"a/1.png": 0})
    assert counts(job(f"folder:{other}", tmp_path / "store")) == {"unchanged": 1}
    with Store.open(tmp_path / "store") as opened:
        assert [count for _, count in opened.source_counts().items()] == [6]


def test_a_source_that_has_the_same_files_as_another_leaves_them_to_it(pictures: Path, store: Path) -> None:
    other = Path(shutil.copytree(pictures, pictures.with_name("other")))
    assert counts(again(other, store, flat=True)) == {"unchanged": 6}
    (other / "6.png").unlink()
    assert counts(again(other, store, prune=True)) == {"unchanged": 5}
    assert keys(store) == sorted(FILES)
    (pictures / "6.png").unlink()
    assert counts(again(pictures, store, prune=True)) == {"unchanged": 5, "gone": 1, "pruned": 1}


def test_replaced_items_of_another_source_are_counted_by_it(pictures: Path, store: Path) -> None:
    other = write_greys(pictures.with_name("other"), {"a/1.png": 255, "5.png": 254, "new.png": 253})
    report = job(f"folder:{other}", store)
    assert (counts(report), report.other_sources) == ({"added": 1, "replaced": 2}, {f"folder:{pictures}": 2})
    with Store.open(store) as opened:
        assert opened.source_counts() == {f"folder:{other}": 3, f"folder:{pictures}": 4}
    # The other source's file is no longer this one's item, so it is not gone.
    (pictures / "5.png").unlink()
    report = job(f"folder:{pictures}", store, prune=True)
    assert (counts(report), report.other_sources) == ({"replaced": 1, "unchanged": 4}, {f"folder:{other}": 1})


def test_a_moved_file_of_another_source_is_one_more_item(pictures: Path, store: Path) -> None:
    other = pictures.with_name("other")
    other.mkdir()
    (pictures / "5.png").rename(other / "five.png")
    assert counts(again(other, store)) == {"added": 1}
    assert counts(again(pictures, store)) == {"unchanged": 5, "gone": 1}


def test_a_damaged_source_of_an_item_stops_the_job_before_anything_is_removed(pictures: Path, store: Path) -> None:
    sql(store, "UPDATE item_sources SET checksum = x'00' WHERE item = 5")
    (pictures / "6.png").unlink()
    with pytest.raises(Exception, match="expected the source of item 5 to match its checksum"):
        again(pictures, store, prune=True)
    assert len(sql(store, "SELECT id FROM items WHERE deleted_in IS NULL")) == 6
