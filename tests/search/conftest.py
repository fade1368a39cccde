"""Fixtures of many tests of `search`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from search.searcher import Searcher
from tests.search.stores import grey_searcher


@pytest.fixture
def searcher(tmp_path: Path) -> Iterator[Searcher]:
    """Return an open searcher of the store of LEVELS and LABELS."""
    with grey_searcher(tmp_path) as searcher:
        yield searcher
