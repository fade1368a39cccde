"""A folder of pictures and its store."""

from pathlib import Path

import pytest

from tests.ingest.jobs import job
from tests.ingest.pruning.pictures import FILES
from tests.toys import write_greys


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_greys(tmp_path / "pictures", {name: 40 * number for number, name in enumerate(FILES)})


@pytest.fixture
def store(pictures: Path, tmp_path: Path) -> Path:
    job(f"folder:{pictures}", tmp_path / "store")
    return tmp_path / "store"
