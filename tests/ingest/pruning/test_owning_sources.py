"""Which source an item belongs to: only that one can remove it."""

import shutil
from pathlib import Path

import pytest

from ingest.errors import SourceUnusable
from storage import Store
from tests.errors import error_message
from tests.ingest.jobs import again, counts, job, noise_source
from tests.ingest.pruning.pictures import FILES, keys, manifest, without
from tests.storage.stores import sql
from tests.toys import write_greys


@pytest.mark.parametrize("name", ["", "a\0b", "caf\udce9"])
def test_a_source_name_that_cannot_be_stored_is_refused(name: str, tmp_path: Path) -> None:
    assert error_message(SourceUnusable, job, noise_source(3), tmp_path / "store", source_name=name) == (
        f"expected a source_name in Unicode without NUL, got {name!r}"
    )


def test_a_source_name_is_for_objects(pictures: Path, store: Path) -> None:
    assert error_message(SourceUnusable, again, pictures, store, source_name="mine") == (
        f"expected a source_name for an object only, got 'mine' for 'folder:{pictures}'"
    )


def test_items_from_before_belong_to_the_source_that_has_them_and_keep_their_ids(pictures: Path, store: Path) -> None:
    sql(store, "DELETE FROM item_sources")
    (pictures / "6.png").unlink()
    assert counts(again(pictures, store)) == {"unchanged": 5}
    with Store.open(store) as opened:
        assert [item.id for item in opened.items()] == list(range(6))
        assert opened.source_counts() == {f"folder:{pictures}": 5}
        assert opened.last_batch().number == 1
    (pictures / "5.png").unlink()
    assert counts(again(pictures, store, prune=True)) == {"unchanged": 4, "gone": 1, "pruned": 1}
    assert keys(store) == without("5.png")


def test_items_from_before_of_another_kind_of_source_are_left_alone(pictures: Path, store: Path) -> None:
    sql(store, "DELETE FROM item_sources")
    assert counts(job(manifest(pictures, "a/1.png,x", "5.png,y"), store)) == {"unchanged": 2}
    with Store.open(store) as opened:
        assert opened.source_counts() == {}


def test_a_folder_that_was_moved_as_a_whole_takes_its_items_along(pictures: Path, store: Path) -> None:
    moved = pictures.with_name("moved")
    pictures.rename(moved)
    (moved / "a/1.png").unlink()
    assert counts(again(moved, store)) == {"unchanged": 5}
    with Store.open(store) as opened:
        assert [item.id for item in opened.items()] == list(range(6))
        assert opened.source_counts() == {f"folder:{moved}": 5, f"folder:{pictures}": 1}
    (moved / "6.png").unlink()
    assert counts(again(moved, store, prune=True)) == {"unchanged": 4, "gone": 1, "pruned": 1}


def test_items_that_are_taken_over_keep_their_labels_until_the_next_job(pictures: Path, store: Path) -> None:
    moved = pictures.rename(pictures.with_name("moved"))
    assert counts(job(f"folder:{moved}", store, flat=True)) == {"unchanged": 6}
    with Store.open(store) as opened:
        assert opened.by_key("a/1.png").label == "a"
    assert counts(job(f"folder:{moved}", store, flat=True)) == {"unchanged": 2, "relabelled": 4}


def test_a_source_that_has_the_same_files_as_another_leaves_them_to_it(pictures: Path, store: Path) -> None:
    other = Path(shutil.copytree(pictures, pictures.with_name("other")))
    assert counts(again(other, store, flat=True)) == {"unchanged": 6}
    (other / "6.png").unlink()
    assert counts(again(other, store, prune=True)) == {"unchanged": 5}
    assert keys(store) == sorted(FILES)
    (pictures / "6.png").unlink()
    assert counts(again(pictures, store, prune=True)) == {"unchanged": 5, "gone": 1, "pruned": 1}


def test_replaced_items_of_another_source_are_counted_by_it(pictures: Path, store: Path) -> None:
    other = write_greys(pictures.with_name("other"), {"a/1.png": 255, "5.png": 254, "new.png": 253})
    report = job(f"folder:{other}", store)
    assert (counts(report), report.other_sources) == ({"added": 1, "replaced": 2}, {f"folder:{pictures}": 2})
    with Store.open(store) as opened:
        assert opened.source_counts() == {f"folder:{other}": 3, f"folder:{pictures}": 4}
    # The other source's file is no longer this one's item, so it is not gone.
    (pictures / "5.png").unlink()
    report = job(f"folder:{pictures}", store, prune=True)
    assert (counts(report), report.other_sources) == ({"replaced": 1, "unchanged": 4}, {f"folder:{other}": 1})


def test_a_moved_file_of_another_source_is_one_more_item(pictures: Path, store: Path) -> None:
    other = pictures.with_name("other")
    other.mkdir()
    (pictures / "5.png").rename(other / "five.png")
    assert counts(again(other, store)) == {"added": 1}
    assert counts(again(pictures, store)) == {"unchanged": 5, "gone": 1}


def test_a_damaged_source_of_an_item_stops_the_job_before_anything_is_removed(pictures: Path, store: Path) -> None:
    sql(store, "UPDATE item_sources SET checksum = x'00' WHERE item = 5")
    (pictures / "6.png").unlink()
    with pytest.raises(Exception, match="expected the source of item 5 to match its checksum"):
        again(pictures, store, prune=True)
    assert len(sql(store, "SELECT id FROM items WHERE deleted_in IS NULL")) == 6
