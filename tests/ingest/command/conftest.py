"""Fixtures of the tests of `lookalike ingest`."""

from pathlib import Path

import pytest

from ingest import job
from ingest.__main__ import app
from ingest.embedding.recipes import RECIPES
from ingest.pipeline.recipe_choice import RecipeChoice
from tests.commands import Command
from tests.ingest.command.outputs import Ingest, without_time
from tests.toys import TOY, toy_backbone, write_greys


@pytest.fixture(autouse=True)
def toy_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the default recipe by the toy recipe, and VGG16 by the toy backbone."""
    monkeypatch.setattr(job, "choose_recipe", lambda _: RecipeChoice(TOY, ""))
    monkeypatch.setitem(RECIPES, "toy", TOY)
    monkeypatch.setattr(job, "vgg16_factory", lambda *_, **__: toy_backbone())


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_greys(tmp_path / "images", {f"dark/{level}.png": level for level in (0, 51, 102)})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(app, monkeypatch, capsys)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def ingest(run: Command, images: Path, store: Path) -> Ingest:
    """Return a function that ingests the images into the store with options, like `run`.

    In the output, STORE stands for the store's path, and TIME for the seconds and the speed.
    """

    def ingest(*options: object) -> tuple[int, str, str]:
        status, out, err = run(f"folder:{images}", "--store", store, *options)
        return status, without_time(out).replace(str(store), "STORE"), err

    return ingest
