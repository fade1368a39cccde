"""Fixtures of the tests of `lookalike renew`."""

from pathlib import Path

import pytest

from ingest import renew_job
from ingest.embedding.recipes import RECIPES
from tests.ingest.renewal.stores import LABELLED, LEVELS, NARROW, TURNED, make
from tests.toys import TOY, toy_backbone, write_greys


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    for recipe in (TOY, TURNED, NARROW, LABELLED):
        monkeypatch.setitem(RECIPES, recipe.name, recipe)
    monkeypatch.setattr(renew_job, "vgg16_factory", lambda *_, **__: toy_backbone())


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_greys(tmp_path / "images", LEVELS)


@pytest.fixture
def store(images: Path, tmp_path: Path) -> Path:
    """Return a store of the images, whose head was fitted on three of them only."""
    make(images, tmp_path / "store", limit=3)
    make(images, tmp_path / "store")
    return tmp_path / "store"
