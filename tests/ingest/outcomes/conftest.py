"""A folder of which one picture is none, a store's path, and the commands of jobs."""

from pathlib import Path

import pytest

from ingest import job, retry_job
from ingest.__main__ import jobs_app
from ingest.embedding.recipes import RECIPES
from tests.commands import Command
from tests.toys import TOY, toy_backbone, write_greys


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = write_greys(tmp_path / "images", {"a.png": 0, "c.png": 102, "d.png": 153})
    (folder / "b.png").write_bytes(b"<html>")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "toy", TOY)
    for module in (job, retry_job):
        monkeypatch.setattr(module, "vgg16_factory", lambda *_, **__: toy_backbone())


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(jobs_app, monkeypatch, capsys)
