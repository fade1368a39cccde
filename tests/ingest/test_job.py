"""The batch job: what its store holds, and what it reports and refuses."""

import dataclasses
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.embedding.features import CONCURRENT_BATCHES, network_input
from ingest.embedding.network.backbone import Backbone
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.network.precision import PrecisionOption
from ingest.embedding.recipes import Recipe
from ingest.errors import InvalidCount, RecipeUnusable, SourceUnusable, UnknownRecipe, UnreadableImage, WeightsUnusable
from ingest.images.images import content_digest, decode
from ingest.pipeline import fitting
from ingest.pipeline.options import Workers
from ingest.pipeline.progress import IngestReport, Progress
from ingest.sources import InMemorySource, Source, SourceImage
from storage import Item, Rejected, Store
from storage.errors import ExtraMissing, OtherEmbedding
from tests.errors import error_message
from tests.ingest.images.refusals import DECODABLE
from tests.ingest.jobs import Killed, assert_same_store, contents, job, noise_source
from tests.processes import printed_by
from tests.toys import TOY, ToyBackbone, grey, grey_source, png, toy_backbone


def no_backbone(_: Recipe, __: PrecisionOption = "auto") -> Backbone:
    raise AssertionError("expected the job to do without a backbone")


def no_weights(_: Recipe, __: PrecisionOption = "auto") -> Backbone:
    raise WeightsUnusable("expected weights, got none")


def refusal(
    folder: Path,
    error: type[Exception],
    source: Source,
    make_backbone: BackboneFactory | None = None,
    **options: Any,
) -> str:
    """Return the message of the error that a job raises, which must make no store or other file."""
    message = error_message(error, job, source, folder / "store", make_backbone, **options)
    assert list(folder.iterdir()) == []
    return message


def outcome(report: IngestReport) -> tuple[int, int, int, int, int]:
    return report.added, report.replaced, report.unchanged, report.rejected, report.items


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


def test_a_bad_image_is_rejected_with_a_reason_and_the_others_keep_their_own_vectors(tmp_path: Path) -> None:
    def missing() -> bytes:
        raise UnreadableImage("expected an image file, got 3.png, which is not a file: name an image")

    good = list(noise_source(20))
    bad = [
        SourceImage("html", lambda: b"<html>"),
        SourceImage("missing", missing),
        SourceImage("float", lambda: np.zeros((2, 2))),  # type: ignore[arg-type, return-value]
        SourceImage("caf\udce9.png", lambda: png(grey(1))),
        SourceImage("two\nlines", lambda: b""),
    ]
    mixed = InMemorySource("mixed", [bad[0], *good[:7], bad[1], bad[2], *good[7:], bad[3], bad[4]])
    report = job(mixed, tmp_path / "mixed", batch_size=6)
    job(noise_source(20), tmp_path / "good")
    assert outcome(report) == (20, 0, 0, 5, 20)
    assert report.rejects == (
        Rejected("html", f"{DECODABLE} html: a web page"),
        Rejected("missing", "expected an image file, got 3.png, which is not a file: name an image"),
        Rejected(
            "float",
            "expected an image as a uint8 array of shape (h, w), (h, w, 3) or (h, w, 4), got float64 (2, 2)",
        ),
        Rejected(r"'caf\udce9.png'", r"expected a name in UTF-8, got 'caf\udce9.png': rename the file"),
        Rejected(r"'two\nlines'", rf"{DECODABLE} 'two\nlines': an empty file"),
    )
    assert_same_store(tmp_path / "mixed", tmp_path / "good")


@pytest.mark.parametrize(
    ("label", "metadata", "reason"),
    [
        ("a\0b", {}, "its label must not contain the NUL character, which PostgreSQL cannot hold"),
        (5, {}, "its label must be a text or None, got int"),
        ("caf\udce9", {}, r"its label must be valid Unicode, got '\udce9' at index 3"),
        (None, {"n": [1]}, "its metadata 'n' must be a text, number, truth value or None, got list"),
        (None, {"n": float("nan")}, "its metadata 'n' must be a finite number or None, got nan"),
        (None, {"n": np.int64(1)}, "its metadata 'n' must be a text, number, truth value or None, got int64"),
        (None, {"n": "a\0"}, "its metadata 'n' must not contain the NUL character, which PostgreSQL cannot hold"),
    ],
)
def test_a_label_or_metadata_that_cannot_be_stored_is_rejected_and_the_others_go_on(
    tmp_path: Path, label: Any, metadata: dict[str, Any], reason: str
) -> None:
    def never_read() -> bytes:
        raise AssertionError("expected no read of what cannot be stored")

    bad = SourceImage("bad", never_read, label, metadata)
    source = InMemorySource("mixed", [*noise_source(3), bad])
    job(noise_source(3), tmp_path / "store")
    report = job(source, tmp_path / "store")
    assert outcome(report) == (0, 0, 3, 1, 3)
    (reject,) = report.rejects
    assert reject.key == "bad"
    assert reject.reason == f"expected an item that can be stored, got key 'bad': {reason}"


def test_an_image_that_was_rejected_is_added_once_it_can_be_read(tmp_path: Path) -> None:
    broken = InMemorySource("one", [SourceImage("a", lambda: b"<html>"), *grey_source({"b": 51})])
    assert outcome(job(broken, tmp_path / "store")) == (1, 0, 0, 1, 1)
    assert outcome(job(grey_source({"a": 7, "b": 51}), tmp_path / "store")) == (1, 0, 1, 0, 2)
    assert [item.key for item in contents(tmp_path / "store")[0]] == ["b", "a"]


def test_an_image_that_becomes_unreadable_stays_as_it_was(tmp_path: Path) -> None:
    job(grey_source({"a": 7, "b": 51}), tmp_path / "store")
    broken = InMemorySource("one", [SourceImage("a", lambda: b"<html>"), *grey_source({"b": 51})])
    assert outcome(job(broken, tmp_path / "store", no_backbone)) == (0, 0, 1, 1, 2)


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


@pytest.mark.parametrize(("images", "fitted_on"), [(4, 4), (5, 3), (8, 4), (9, 3), (10, 4)])
def test_a_head_is_fitted_on_a_sample_spread_over_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, images: int, fitted_on: int
) -> None:
    monkeypatch.setattr(fitting, "FIT_SAMPLE", 4)
    job(noise_source(images), tmp_path / "store")
    step = -(-images // fitted_on)
    sample = [np.asarray(image.read(), np.uint8) for image in noise_source(images)][::step]
    with Store.open(tmp_path / "store") as store:
        assert store.embedding.spec["fitted_on"] == len(sample) == fitted_on
        mean = np.mean([picture.mean() / 255 for picture in sample])
        assert store.embedding.arrays["head.mean"].mean() == pytest.approx(mean, abs=1e-3)


def test_a_head_that_is_not_fitted_needs_the_first_readable_image_only(tmp_path: Path) -> None:
    drawn = dataclasses.replace(TOY, head="dense")
    source = InMemorySource("mixed", [SourceImage("a", lambda: b""), *noise_source(20)])
    reports: list[tuple[int, int]] = []
    report = job(
        source,
        tmp_path / "store",
        recipe=drawn,
        on_progress=lambda progress: reports.append((progress.fitted, progress.to_fit)),
    )
    assert outcome(report) == (20, 0, 0, 1, 20)
    assert reports[:2] == [(0, 1), (1, 1)]
    with Store.open(tmp_path / "store") as store:
        assert store.embedding.spec["fitted_on"] == 1


@pytest.mark.parametrize(
    ("recipe", "expected", "given"),
    [
        ("notebook", "toy", "notebook"),
        (dataclasses.replace(TOY, seed=1), "toy, as it was when the store was made", "toy as it is now"),
    ],
    ids=["name", "recipe"],
)
def test_another_recipe_than_the_stores_is_refused(
    tmp_path: Path, recipe: str | Recipe, expected: str, given: str
) -> None:
    store = tmp_path / "store"
    job(noise_source(3), store)
    before = contents(store)
    assert error_message(OtherEmbedding, job, noise_source(5), store, recipe=recipe) == (
        f"expected the recipe of the store {store} ({expected}), got {given}: "
        f"leave --recipe out, change the store by `lookalike renew --store {store}` with this --recipe, or ingest into "
        "another store"
    )
    assert contents(store)[0] == before[0]


def test_other_weights_than_the_stores_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    store = tmp_path / "store"
    job(noise_source(3), store)
    with pytest.raises(OtherEmbedding):
        job(noise_source(5), store, toy_backbone(ToyBackbone("other weights")))
    assert len(contents(store)[0]) == 3


def test_an_unknown_recipe_is_refused_before_anything_is_created(tmp_path: Path) -> None:
    assert refusal(tmp_path, UnknownRecipe, noise_source(3), recipe="best") == (
        "expected a recipe (notebook, retrieval, metric, photo, photo-metric or a .toml file), got 'best'"
    )


def test_a_recipe_of_more_dimensions_than_features_is_refused_after_the_first_batches(
    tmp_path: Path,
) -> None:
    backbone, recipe = ToyBackbone(), dataclasses.replace(TOY, dim=5)
    assert refusal(tmp_path, RecipeUnusable, noise_source(400), toy_backbone(backbone), recipe=recipe) == (
        "expected 1 to 4 dimensions (the number of features) in the recipe toy, got 5: change its `dim`"
    )
    # Only those that are computed concurrently, of 50.
    assert backbone.batches <= CONCURRENT_BATCHES + 1


@pytest.mark.parametrize("images", [1, 2, 3])
def test_fewer_images_than_dimensions_make_a_store_that_finds_later_ones(tmp_path: Path, images: int) -> None:
    job(noise_source(images), tmp_path / "store")
    job(noise_source(6), tmp_path / "store")
    pictures = [np.asarray(image.read(), np.uint8) for image in noise_source(6)]
    inputs = np.array([network_input(TOY, picture) for picture in pictures] + [np.zeros((4, 4, 3), np.float32)] * 2)
    features = ToyBackbone().features(inputs)[:6]
    # A head from four features to four dimensions only rotates and shifts, on whatever images it is fitted.
    _, _, vectors = contents(tmp_path / "store")
    distances, expected = (np.linalg.norm(rows[:, None] - rows[None], axis=2) for rows in (vectors, features))
    np.testing.assert_allclose(distances, expected, atol=1e-6)


@pytest.mark.parametrize(
    "images", [[], [SourceImage("a", lambda: b""), SourceImage("b", lambda: b"<html>")]], ids=["empty", "unreadable"]
)
def test_a_source_without_an_image_that_can_be_read_is_refused(tmp_path: Path, images: list[SourceImage]) -> None:
    assert refusal(tmp_path, SourceUnusable, InMemorySource("mine", images)) == (
        "expected at least one image that can be read, got none in mine: check the files"
    )


def test_nothing_is_left_behind_when_the_weights_are_missing(tmp_path: Path) -> None:
    message = error_message(WeightsUnusable, job, noise_source(3), tmp_path / "folder" / "store", no_weights)
    assert message == "expected weights, got none"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [0, -1, 2.5, True, None])
def test_a_batch_size_must_be_a_whole_number_from_one(tmp_path: Path, size: Any) -> None:
    assert refusal(tmp_path, InvalidCount, noise_source(5), no_backbone, batch_size=size) == (
        f"expected the batch size to be a whole number of at least 1, got {size!r}: leave it out for 512"
    )


def test_a_limit_below_one_is_refused_before_anything_is_created(tmp_path: Path) -> None:
    assert refusal(tmp_path, InvalidCount, noise_source(5), no_backbone, limit=0) == (
        "expected the limit to be a whole number of at least 1, got 0: leave it out for every image"
    )


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


def test_workers_without_ray_are_refused_before_anything_is_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    message = refusal(tmp_path, ExtraMissing, noise_source(3), no_backbone, workers=Workers())
    assert message.startswith("expected the package ray, which is not installed: ")


def test_ray_is_imported_only_for_workers() -> None:
    program = "import ingest.__main__, sys; from ingest import ingest, Workers; print('ray' in sys.modules)"
    assert printed_by(program) == "False\n"
