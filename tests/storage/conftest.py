"""Stores that take some time to make, made once."""

import shutil
from pathlib import Path

import pytest

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
