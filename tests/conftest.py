"""Fixtures of tests of several packages."""

import pytest

from storage.__main__ import app
from tests.commands import Command


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return `python -m storage`."""
    return Command(app, monkeypatch, capsys)
