"""Fixtures of many tests of `search`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from search.searcher import Searcher
from tests.search.browser import chromium
from tests.search.stores import grey_searcher

# Here, once for all: Playwright runs only one at a time in a process.
__all__ = ["chromium"]


@pytest.fixture
def searcher(tmp_path: Path) -> Iterator[Searcher]:
    """Return an open searcher of the store of LEVELS and LABELS."""
    with grey_searcher(tmp_path) as searcher:
        yield searcher
