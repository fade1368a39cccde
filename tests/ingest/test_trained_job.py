"""Ingest with a head that is trained on the images' labels."""

import dataclasses
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from ingest.embedding.recipes import Recipe
from ingest.errors import SourceUnusable
from ingest.pipeline.progress import Progress
from ingest.sources import InMemorySource, SourceImage
from search import Searcher
from storage import Store
from tests.errors import error_message
from tests.ingest.jobs import job
from tests.toys import TOY, ToyBackbone, grey, toy_backbone

pytestmark = pytest.mark.heavy

TRAINED = dataclasses.replace(TOY, name="learned", head="trained", dim=3)
RIDGE = dataclasses.replace(TOY, name="fitted", head="ridge", whiten=0.25)


def halves(count: int, labelled: bool = True) -> InMemorySource:
    """Return images with a lighter half, left or top, which is their label, in random brightness."""
    generator = np.random.default_rng(8)
    images = []
    for number in range(count):
        image = generator.integers(0, 60, (8, 8), np.uint8)
        label = "left" if number % 2 else "top"
        half = image[:, :4] if label == "left" else image[:4]
        half += generator.integers(20, 190, dtype=np.uint8)
        images.append(SourceImage(f"{number:03}", partial(np.asarray, image), label if labelled else None))
    return InMemorySource("halves", images)


def test_a_trained_head_brings_equal_labels_together_and_is_stored(tmp_path: Path) -> None:
    reports: list[tuple[str, int]] = []

    def record(progress: Progress) -> None:
        reports.append((progress.stage, progress.epoch.number if progress.epoch else 0))

    source = halves(80)
    job(source, tmp_path / "store", recipe=TRAINED, on_progress=record)
    stages = list(dict.fromkeys(stage for stage, _ in reports))
    assert stages == ["fitting", "training", "ingesting", "writing the index"]
    epochs = [number for stage, number in reports if stage == "training"]
    assert epochs == list(range(1, len(epochs) + 1))
    with Searcher.open(tmp_path / "store", make_backbone=toy_backbone()) as searcher:
        embedding = searcher.store.embedding
        assert {name: array.shape for name, array in embedding.arrays.items() if name.startswith("head")} == {
            "head.kernel": (4, 3),
            "head.bias": (3,),
        }
        assert embedding.spec["fitted_on"] == 80
        _, vectors = searcher.store.all_vectors()
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), np.ones(80), atol=1e-6)
        nearest = [result.hits[0] for result in searcher.by_keys([image.key for image in source], k=1)]
    assert np.mean([hit.label == image.label for hit, image in zip(nearest, source, strict=True)]) > 0.97


def test_a_ridge_head_brings_equal_labels_together_and_sees_each_image_once(tmp_path: Path) -> None:
    source, backbone = halves(80), ToyBackbone()
    job(source, tmp_path / "store", toy_backbone(backbone), recipe=RIDGE)
    # Ten batches of images, of which the job takes the features from the fitting, and what the embedder adds.
    plain = ToyBackbone()
    job(source, tmp_path / "plain", toy_backbone(plain), recipe=dataclasses.replace(RIDGE, head="pca"))
    assert backbone.batches == plain.batches
    with Searcher.open(tmp_path / "store", make_backbone=toy_backbone()) as searcher:
        embedding = searcher.store.embedding
        assert {name: array.shape for name, array in embedding.arrays.items() if name.startswith("head")} == {
            "head.mean": (4,),
            "head.components": (4, 4),
        }
        assert embedding.spec["fitted_on"] == 80
        nearest = [result.hits[0] for result in searcher.by_keys([image.key for image in source], k=1)]
    assert np.mean([hit.label == image.label for hit, image in zip(nearest, source, strict=True)]) > 0.97


@pytest.mark.parametrize("recipe", [TRAINED, RIDGE], ids=lambda recipe: recipe.name)
def test_the_same_images_give_the_same_head_to_the_bit(tmp_path: Path, recipe: Recipe) -> None:
    heads = []
    for name in ("one", "two"):
        job(halves(40), tmp_path / name, recipe=recipe)
        with Store.open(tmp_path / name) as store:
            heads.append((store.embedding.fingerprint, store.all_vectors()[1].tobytes()))
    assert heads[0] == heads[1]


@pytest.mark.parametrize("recipe", [TRAINED, RIDGE], ids=lambda recipe: recipe.name)
def test_images_without_a_label_are_not_trained_on_but_ingested(tmp_path: Path, recipe: Recipe) -> None:
    plain = [SourceImage(f"plain {level}", partial(grey, level)) for level in range(5)]
    source = InMemorySource("mixed", [*plain, *halves(20)])
    report = job(source, tmp_path / "store", recipe=recipe)
    assert report.added == 25
    with Store.open(tmp_path / "store") as store:
        assert store.embedding.spec["fitted_on"] == 20


@pytest.mark.parametrize("recipe", [TRAINED, RIDGE], ids=lambda recipe: recipe.name)
def test_images_that_cannot_be_read_are_not_trained_on_but_rejected(tmp_path: Path, recipe: Recipe) -> None:
    broken = SourceImage("broken", lambda: b"<html>", "top")
    source = InMemorySource("mixed", [broken, *halves(20)])
    report = job(source, tmp_path / "store", recipe=recipe)
    assert (report.added, [reject.key for reject in report.rejects]) == (20, ["broken"])
    with Store.open(tmp_path / "store") as store:
        assert store.embedding.spec["fitted_on"] == 20


def test_labels_with_one_image_each_are_all_trained_on(tmp_path: Path) -> None:
    images = [SourceImage(str(level), partial(grey, level), str(level)) for level in (10, 90, 240)]
    report = job(InMemorySource("three", images), tmp_path / "store", recipe=TRAINED)
    assert report.added == 3


def test_images_without_labels_are_refused_before_anything_is_created_or_computed(tmp_path: Path) -> None:
    backbone, source = ToyBackbone(), halves(10, labelled=False)
    assert error_message(SourceUnusable, job, source, tmp_path / "store", toy_backbone(backbone), recipe=TRAINED) == (
        "expected images of at least 2 labels in halves to train on, got none: choose the recipe auto, which needs no "
        "labels"
    )
    assert (backbone.batches, list(tmp_path.iterdir())) == (0, [])


@pytest.mark.parametrize("recipe", [TRAINED, RIDGE], ids=lambda recipe: recipe.name)
def test_readable_images_of_one_label_only_are_refused(tmp_path: Path, recipe: Recipe) -> None:
    images = [SourceImage("a", lambda: grey(1), "a"), SourceImage("b", lambda: b"<html>", "b")]
    source = InMemorySource("two", images)
    assert error_message(SourceUnusable, job, source, tmp_path / "store", recipe=recipe) == (
        "expected images of at least 2 labels in the images that can be read to train on, got 'a' only: choose "
        "the recipe auto, which needs no labels"
    )
    assert list(tmp_path.iterdir()) == []
