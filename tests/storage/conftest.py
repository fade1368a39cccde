"""Fixtures of many tests of `storage`."""

import shutil
from pathlib import Path

import pytest

from tests.storage.published import published_store


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two published stores of different vectors, to be copied by each test."""
    folder = tmp_path_factory.mktemp("template")
    published_store(folder / "store")
    published_store(folder / "other", seed=3)
    return folder


@pytest.fixture
def published(template: Path, tmp_path: Path) -> Path:
    return shutil.copytree(template / "store", tmp_path / "store")


@pytest.fixture
def other(template: Path, tmp_path: Path) -> Path:
    return shutil.copytree(template / "other", tmp_path / "other")
