"""The originals that a renewal reads: where they are found, and what happens when some are missing or changed."""

from pathlib import Path

import pytest

from ingest.errors import OriginalsMissing, SourceUnusable
from ingest.job import ingest
from ingest.renew_job import renew
from tests.errors import error_message
from tests.ingest.renewal.stores import contents, make
from tests.toys import TOY, ToyBackbone, grey, grey_source, png, toy_backbone, write_greys


def test_a_source_that_was_an_object_is_given_again(tmp_path: Path) -> None:
    source, store = grey_source({"a": 0, "b": 51, "c": 102}), tmp_path / "store"
    ingest(source, store, recipe=TOY, make_backbone=toy_backbone(), limit=2)
    ingest(source, store, make_backbone=toy_backbone())
    assert error_message(OriginalsMissing, renew, store) == (
        "expected the originals of all 3 items as they were, got 3 missing (a, b, c); expected a source that a "
        "command can open again, got (greys), which a program passed as an object: have it call `ingest` again: "
        "restore them, name where they are with --source, or delete their items with --drop-missing"
    )
    assert renew(store, sources=[source]).renewed == 3


@pytest.mark.parametrize("recipe", ["toy", "notebook"])
def test_missing_originals_are_dropped_also_when_no_vector_would_change(images: Path, store: Path, recipe: str) -> None:
    renew(store, recipe="narrow" if recipe == "toy" else recipe)
    (images / "dark/0.png").unlink()
    report = renew(store, drop_missing=True)
    assert (report.missing, report.items) == (1, 17)
    assert "dark/0.png" not in [item[0] for item in contents(store)]


def test_items_of_several_sources_are_found_in_them(store: Path, tmp_path: Path) -> None:
    make(write_greys(tmp_path / "more", {"a.png": 7, "b.png": 70}), store)
    assert renew(store, recipe="narrow").renewed == 20


def test_missing_originals_stop_it_before_anything_is_embedded(images: Path, store: Path) -> None:
    before = contents(store)
    for level in (0, 15, 30, 45):
        (images / f"dark/{level}.png").unlink()
    backbone = ToyBackbone()
    assert error_message(OriginalsMissing, renew, store, make_backbone=toy_backbone(backbone)) == (
        "expected the originals of all 18 items as they were, got 4 missing (dark/0.png, dark/15.png, dark/30.png, "
        "...): restore them, name where they are with --source, or delete their items with --drop-missing"
    )
    assert backbone.batches == 0
    assert contents(store) == before


def test_changed_and_unreadable_originals_stop_it_and_what_was_made_is_kept(images: Path, store: Path) -> None:
    before = contents(store)
    original = (images / "dark/0.png").read_bytes()
    (images / "dark/0.png").write_bytes(png(grey(3)))
    (images / "dark/15.png").write_bytes(b"<html>")
    assert error_message(OriginalsMissing, renew, store, recipe="narrow") == (
        "expected the originals of all 18 items as they were, got 1 changed (dark/0.png), 1 that cannot be read "
        "(dark/15.png): restore them, name where they are with --source, or delete their items with --drop-missing; "
        "the new vectors made so far are kept"
    )
    assert contents(store) == before
    (images / "dark/0.png").write_bytes(original)
    backbone = ToyBackbone()
    report = renew(store, recipe="narrow", drop_missing=True, make_backbone=toy_backbone(backbone))
    assert (report.renewed, report.unreadable, report.items) == (17, 1, 17)
    # One batch for the canary images, and one for the restored image.
    assert backbone.batches == 2
    assert [item[:4] for item in contents(store)] == [item[:4] for item in before if item[0] != "dark/15.png"]


def test_items_whose_originals_are_lost_can_be_dropped(images: Path, store: Path) -> None:
    (images / "dark/0.png").unlink()
    (images / "dark/15.png").write_bytes(png(grey(16)))
    report = renew(store, drop_missing=True)
    assert (report.renewed, report.missing, report.changed, report.unreadable) == (16, 1, 1, 0)
    make(images, store)
    assert len(contents(store)) == 17


def test_an_image_of_another_content_in_a_given_source_is_not_the_original(
    images: Path, store: Path, tmp_path: Path
) -> None:
    given = write_greys(tmp_path / "given", {"dark/0.png": 77, "dark/15.png": 15})
    (images / "dark/15.png").unlink()
    report = renew(store, sources=[f"folder:{given}"], drop_missing=True)
    assert (report.renewed, report.missing, report.changed) == (18, 0, 0)


def test_an_original_that_may_be_there_unlisted_is_never_dropped(images: Path, store: Path, tmp_path: Path) -> None:
    before = contents(store)
    (images / "dark").rename(tmp_path / "elsewhere")
    (images / "dark").symlink_to(tmp_path / "elsewhere")
    assert error_message(OriginalsMissing, renew, store, drop_missing=True) == (
        "expected sources that list the originals they have, got 9 that may be there (dark/0.png, dark/105.png, "
        "dark/120.png, ...): make their folders readable, put folders in the place of links to them, or name where "
        "the originals are with --source"
    )
    assert contents(store) == before


def test_why_originals_are_missing_is_reported(store: Path, tmp_path: Path) -> None:
    more = write_greys(tmp_path / "more", {"a.png": 7})
    make(more, store)
    more.rename(tmp_path / "gone")
    report = renew(store, drop_missing=True)
    assert (report.renewed, report.missing) == (18, 1)
    assert len(report.reasons) == 1
    assert report.reasons[0].startswith(f"expected a folder of images, got {more}")


def test_items_are_never_all_dropped(images: Path, store: Path) -> None:
    before = contents(store)
    images.rename(images.with_name("elsewhere"))
    with pytest.raises(OriginalsMissing, match=r"got 18 missing .*; expected a folder of images"):
        renew(store, drop_missing=True)
    assert contents(store) == before


def test_a_named_source_that_cannot_be_opened_is_an_error(store: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceUnusable, match="expected a folder of images"):
        renew(store, sources=[f"folder:{tmp_path / 'nothing'}"])
