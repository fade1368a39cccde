"""The batch job: what its store holds, and what it reports."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.images.images import content_digest, decode
from ingest.pipeline.progress import IngestReport, Progress
from storage import Item, Store
from storage.catalog.item_rows import ItemRows
from tests.ingest.jobs import Killed, assert_same_store, contents, job, no_backbone, noise_source, outcome
from tests.processes import printed_by
from tests.toys import ToyBackbone, grey, grey_source, png, toy_backbone


def test_a_first_job_creates_the_store(tmp_path: Path) -> None:
    report = job(grey_source({"black": 0, "dark": 51}, {"black": "b"}), tmp_path / "store")
    assert dataclasses.replace(report, seconds=0, images_per_second=0, stage_seconds={}, peak_rss_mb=0) == IngestReport(
        added=2,
        unchanged=0,
        replaced=0,
        moved=0,
        relabelled=0,
        gone=None,
        pruned=0,
        other_sources={},
        rejected=0,
        rejects=(),
        skipped={},
        columns={},
        items=2,
        seconds=0,
        images_per_second=0,
        stage_seconds={},
        recipe="toy",
        recipe_reason=None,
        fitted_on=2,
        outgrown=False,
        precision="float32",
        weights={"digest": "toy weights", "origin": "a toy"},
        drift=None,
        peak_rss_mb=0,
    )
    assert list(report.stage_seconds) == ["decode", "embed", "write"]
    items, ids, vectors = contents(tmp_path / "store")
    assert items == [
        Item(0, "black", "b", {"width": 8, "height": 8}, content_digest(grey(0))),
        Item(1, "dark", None, {"width": 8, "height": 8}, content_digest(grey(51))),
    ]
    assert ids.tolist() == [0, 1]
    assert np.linalg.norm(vectors[0] - vectors[1]) == pytest.approx(0.4, abs=1e-6)


def test_rows_that_a_job_writes_are_published_without_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        # Reading any page of rows would fail.
        patch.setattr(ItemRows, "in_page", None)
        job(noise_source(5), tmp_path / "store", batch_size=2)
    assert contents(tmp_path / "store")[1].tolist() == [0, 1, 2, 3, 4]


def test_an_item_keeps_its_metadata_and_the_size_and_thumbnail_of_its_image(tmp_path: Path) -> None:
    job(noise_source(3), tmp_path / "store")
    with Store.open(tmp_path / "store") as store:
        assert [dict(item.metadata) for item in store.items()] == [
            {"number": number, "width": 7, "height": 6} for number in range(3)
        ]
        pictures = [np.asarray(image.read(), np.uint8) for image in noise_source(3)]
        shown = {id: decode(data, "a thumbnail") for id, data in store.thumbnails([0, 1, 2]).items()}
        np.testing.assert_equal(shown, dict(enumerate(pictures)))


def test_a_second_job_changes_nothing_and_needs_no_backbone(tmp_path: Path) -> None:
    job(noise_source(5), tmp_path / "store")
    before = contents(tmp_path / "store")
    files = sorted(path.name for path in (tmp_path / "store").rglob("*"))
    report = job(noise_source(5), tmp_path / "store", no_backbone)
    assert outcome(report) == (0, 0, 5, 0, 5)
    after = contents(tmp_path / "store")
    assert after[0] == before[0]
    np.testing.assert_array_equal(after[2], before[2])
    assert sorted(path.name for path in (tmp_path / "store").rglob("*")) == files


def test_a_later_job_embeds_only_what_is_new(tmp_path: Path) -> None:
    job(noise_source(5), tmp_path / "store")
    backbone = ToyBackbone()
    report = job(noise_source(21), tmp_path / "store", toy_backbone(backbone))
    assert outcome(report) == (16, 0, 5, 0, 21)
    # A batch for the canaries, two for the sixteen new images.
    assert backbone.batches == 3
    assert [item.key for item in contents(tmp_path / "store")[0]] == [f"noise/{number}" for number in range(21)]


def test_a_first_job_computes_every_image_once(tmp_path: Path) -> None:
    backbone = ToyBackbone()
    job(noise_source(21), tmp_path / "store", toy_backbone(backbone))
    # Three batches to fit the head on, whose features are cached for embedding, and one for the canaries.
    assert backbone.batches == 4


def test_a_changed_image_replaces_the_old_one_under_a_new_id(tmp_path: Path) -> None:
    job(noise_source(4), tmp_path / "store")
    before, _, old_vectors = contents(tmp_path / "store")
    report = job(noise_source(4, change=1), tmp_path / "store")
    assert outcome(report) == (0, 1, 3, 0, 4)
    items, ids, vectors = contents(tmp_path / "store")
    changed = np.asarray(list(noise_source(4, change=1))[1].read(), np.uint8)
    assert items == [
        before[0],
        before[2],
        before[3],
        dataclasses.replace(before[1], id=4, content=content_digest(changed)),
    ]
    assert ids.tolist() == [0, 2, 3, 4]
    np.testing.assert_array_equal(vectors[:3], old_vectors[[0, 2, 3]])
    assert not np.array_equal(vectors[3], old_vectors[1])


def test_the_same_image_under_two_keys_is_two_items(tmp_path: Path) -> None:
    report = job(grey_source({"one": 9, "other": 200, "again": 9}), tmp_path / "store")
    assert outcome(report) == (3, 0, 0, 0, 3)
    items, _, vectors = contents(tmp_path / "store")
    assert [item.key for item in items] == ["one", "other", "again"]
    np.testing.assert_array_equal(vectors[0], vectors[2])


def test_images_that_are_all_alike_can_be_ingested(tmp_path: Path) -> None:
    report = job(grey_source({"one": 9, "other": 9}), tmp_path / "store")
    assert outcome(report) == (2, 0, 0, 0, 2)


def test_an_image_no_longer_in_the_source_stays(tmp_path: Path) -> None:
    job(noise_source(5), tmp_path / "store")
    assert outcome(job(noise_source(3), tmp_path / "store", no_backbone)) == (0, 0, 3, 0, 5)


@pytest.mark.parametrize("after", [0, 6, 12, 18, 20])
def test_a_job_killed_between_batches_and_called_again_leaves_the_store_of_an_uninterrupted_one(
    tmp_path: Path, after: int
) -> None:
    def kill(progress: Progress) -> None:
        if progress.stage != "fitting" and progress.done >= after:
            raise Killed

    job(noise_source(20), tmp_path / "uninterrupted", batch_size=6)
    with pytest.raises(Killed):
        job(noise_source(20), tmp_path / "killed", batch_size=6, on_progress=kill)
    # The batch that was being committed when the job was stopped is durable, though it was not reported.
    stored = min(20, max(6, after))
    assert len(contents(tmp_path / "killed")[0]) == stored
    assert outcome(job(noise_source(20), tmp_path / "killed", batch_size=6)) == (20 - stored, 0, stored, 0, 20)
    assert_same_store(tmp_path / "killed", tmp_path / "uninterrupted")


def test_a_job_killed_while_the_head_is_fitted_leaves_no_store(tmp_path: Path) -> None:
    def kill(progress: Progress) -> None:
        if progress.fitted:
            raise Killed

    with pytest.raises(Killed):
        job(noise_source(20), tmp_path / "store", on_progress=kill)
    assert list(tmp_path.iterdir()) == []


def test_the_size_of_a_batch_does_not_change_a_bit(tmp_path: Path) -> None:
    for size in (1, 7, 8, 20, 2**70):
        job(noise_source(20), tmp_path / str(size), batch_size=size)
        assert_same_store(tmp_path / str(size), tmp_path / "1")


def test_progress_reports_each_stage_and_every_batch(tmp_path: Path) -> None:
    reports: list[tuple[Any, ...]] = []

    def record(progress: Progress) -> None:
        reports.append((progress.stage, progress.fitted, progress.to_fit, progress.done, progress.total))

    job(noise_source(20), tmp_path / "store", batch_size=12, on_progress=record)
    assert reports == [
        ("fitting", 0, 20, 0, 20),
        ("fitting", 8, 20, 0, 20),
        ("fitting", 16, 20, 0, 20),
        ("fitting", 20, 20, 0, 20),
        ("ingesting", 20, 20, 12, 20),
        ("ingesting", 20, 20, 20, 20),
        ("writing the index", 20, 20, 20, 20),
    ]


def test_a_limit_applies_to_a_source_object_too(tmp_path: Path) -> None:
    assert outcome(job(noise_source(5), tmp_path / "store", limit=2)) == (2, 0, 0, 0, 2)


@pytest.mark.parametrize("name", [b"cat/1.png", b"cat/caf\xe9.png"], ids=["utf-8", "latin-1"])
def test_a_source_can_be_named_as_on_the_command_line(tmp_path: Path, name: bytes) -> None:
    path: Callable[[bytes], Path] = lambda name: tmp_path / "images" / os.fsdecode(name)  # noqa: E731
    path(b"cat").mkdir(parents=True)
    path(b"cat/0.png").write_bytes(png(grey(0)))
    path(name).write_bytes(png(grey(51)))
    report = job(f"folder:{tmp_path / 'images'}", tmp_path / "store", limit=2)
    utf_8 = b"\xe9" not in name
    assert outcome(report) == ((2, 0, 0, 0, 2) if utf_8 else (1, 0, 0, 1, 1))
    items = contents(tmp_path / "store")[0]
    assert [(item.key, item.label) for item in items] == [("cat/0.png", "cat"), ("cat/1.png", "cat")][: len(items)]
    assert items[0].metadata == {"source": "folder", "path": "cat/0.png", "width": 8, "height": 8}


def test_ray_is_imported_only_for_workers() -> None:
    program = "import ingest.__main__, sys; from ingest import ingest, Workers; print('ray' in sys.modules)"
    assert printed_by(program) == "False\n"
