"""Labels that a person has corrected stay as long as the source says what it said, of the same picture."""

from pathlib import Path

import pytest

from ingest.plan_job import plan
from storage import Store
from tests.ingest.jobs import again, counts, job
from tests.toys import grey, png, write_greys

LEVELS = {"cats/a.png": 0, "cats/b.png": 51, "dogs/c.png": 102}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_greys(tmp_path / "pictures", LEVELS)


@pytest.fixture
def store(folder: Path, tmp_path: Path) -> Path:
    """Return a store of the folder in which cats/b.png is called dogs."""
    job(f"folder:{folder}", tmp_path / "store")
    with Store.open(tmp_path / "store", writing=True) as opened:
        opened.relabel({"cats/b.png": "dogs"})
    return tmp_path / "store"


def labels(store: Path) -> dict[str, str | None]:
    with Store.open(store) as opened:
        return {item.key: item.label for item in opened.items()}


def test_a_job_leaves_a_corrected_label(folder: Path, store: Path) -> None:
    assert plan(f"folder:{folder}", store).changes == ()
    assert counts(again(folder, store)) == {"unchanged": 3}
    assert labels(store) == {"cats/a.png": "cats", "cats/b.png": "dogs", "dogs/c.png": "dogs"}


def test_an_item_that_was_deleted_comes_back_with_its_corrected_label(folder: Path, store: Path) -> None:
    with Store.open(store, writing=True) as opened:
        opened.delete(keys=["cats/b.png"])
    job(f"folder:{folder}", store)
    assert labels(store)["cats/b.png"] == "dogs"


def test_another_picture_under_the_key_has_the_sources_label(folder: Path, store: Path) -> None:
    (folder / "cats/b.png").write_bytes(png(grey(77)))
    job(f"folder:{folder}", store)
    assert labels(store)["cats/b.png"] == "cats"


def test_a_source_that_says_something_else_by_now_is_right(folder: Path, tmp_path: Path) -> None:
    manifest = folder / "labels.csv"
    manifest.write_text("path,label\ncats/a.png,cats\ncats/b.png,cats\n")
    job(f"manifest:{manifest}", tmp_path / "other")
    with Store.open(tmp_path / "other", writing=True) as opened:
        opened.relabel({"cats/b.png": "dogs"})
    manifest.write_text("path,label\ncats/a.png,cats\ncats/b.png,birds\n")
    assert counts(job(f"manifest:{manifest}", tmp_path / "other")) == {"relabelled": 1, "unchanged": 1}
    assert labels(tmp_path / "other")["cats/b.png"] == "birds"
