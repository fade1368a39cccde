"""Fixtures of the tests of `python -m search`."""

from pathlib import Path

import pytest

from search import searcher
from search.__main__ import app
from tests.commands import Command
from tests.search.stores import grey_store
from tests.toys import toy_backbone


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return grey_store(tmp_path)


@pytest.fixture(autouse=True)
def toy_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searcher, "vgg16_factory", lambda _=None: toy_backbone())


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(app, monkeypatch, capsys)
