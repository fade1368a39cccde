"""A store to craft others from, and the commands to run on them."""

import shutil
from pathlib import Path

import pytest

from tests.durability.crafted.commands import Matrix, make_store, write_pictures


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with pictures, and a store of them."""
    folder = tmp_path_factory.mktemp("template")
    write_pictures(folder)
    make_store(folder)
    return folder


@pytest.fixture
def store(template: Path, tmp_path: Path) -> Path:
    """Return a store to be crafted."""
    return shutil.copytree(template / "store", tmp_path / "store")


@pytest.fixture
def matrix(template: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Matrix:
    """Return all commands."""
    return Matrix(template, monkeypatch, capsys)
