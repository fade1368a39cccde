"""Items that are no longer in their source: they are counted, and removed only when it is certain and asked for."""

import shutil
from pathlib import Path

import pytest

from ingest import job as ingest_job
from ingest import retry_job
from ingest.errors import PruneRefused
from ingest.pipeline.progress import Progress
from ingest.retry_job import retry
from storage import Store
from tests.errors import error_message
from tests.ingest.jobs import Killed, again, counts, job, noise_source
from tests.ingest.pruning.pictures import FILES, keys, manifest, without
from tests.toys import toy_backbone, write_greys


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


def test_a_row_that_a_manifest_lost_is_gone_and_its_label_is_its_own(pictures: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    job(manifest(pictures, "a/1.png,x", "5.png,y", "6.png,y"), store)
    source = manifest(pictures, "a/1.png,z", "6.png,y")
    assert counts(job(source, store, prune=True)) == {"relabelled": 1, "unchanged": 1, "gone": 1, "pruned": 1}
    assert keys(store) == ["6.png", "a/1.png"]


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
