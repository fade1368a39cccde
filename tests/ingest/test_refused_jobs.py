"""Jobs that are refused as a whole, and leave everything as it was."""

import dataclasses
import importlib.util
from pathlib import Path
from typing import Any

import pytest

from ingest.embedding.features import CONCURRENT_BATCHES
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.recipes import Recipe
from ingest.errors import InvalidCount, RecipeUnusable, SourceUnusable, UnknownRecipe, WeightsUnusable
from ingest.pipeline.options import Workers
from ingest.sources import InMemorySource, Source, SourceImage
from storage.errors import ExtraMissing, OtherEmbedding
from tests.errors import error_message
from tests.ingest.jobs import contents, job, no_backbone, no_weights, noise_source
from tests.toys import TOY, ToyBackbone, toy_backbone


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


def test_workers_without_ray_are_refused_before_anything_is_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    message = refusal(tmp_path, ExtraMissing, noise_source(3), no_backbone, workers=Workers())
    assert message.startswith("expected the package ray, which is not installed: ")
