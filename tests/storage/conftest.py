"""What many tests of the storey start from."""

import shutil
from pathlib import Path

import pytest

from tests.storage.commands import Command
from tests.storage.published import published_store


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two published stores of different vectors; copies of them are worked on."""
    folder = tmp_path_factory.mktemp("made")
    published_store(folder / "store")
    published_store(folder / "other", seed=3)
    return folder


@pytest.fixture
def published(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made / "store", tmp_path / "store")


@pytest.fixture
def other(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made / "other", tmp_path / "other")


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setenv("COLUMNS", "200")
    return Command(monkeypatch, capsys)
