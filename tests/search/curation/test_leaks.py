"""Pictures of one part of a store that are copies of pictures of another part."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from ingest.job import ingest
from search.curation import calibration
from search.curation.different_pairs import Pair
from search.curation.duplicate_group import Kind
from search.curation.duplicates import Between, Duplicates
from search.curation.leaks import find_leaks
from search.curation.perturbations import PERTURBATIONS
from search.searcher import Searcher
from search.where_option import where_of
from storage.errors import InvalidQuery
from tests.errors import exactly
from tests.search.curation.scenes import Image, resized, scene
from tests.search.stores import grey_searcher
from tests.toys import TOY, png, toy_backbone

pytestmark = pytest.mark.heavy

TRAIN, TEST = {"label": "train"}, {"label": "test"}
NAMES = ("label=train", "label=test")


def jpeg(image: Image) -> bytes:
    return cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()


def pictures() -> dict[str, bytes]:
    """Return ten pictures in each of two folders, the last of which are copies: within one folder, and across."""
    train = {f"train/{seed}.png": png(scene(seed)) for seed in range(8)}
    test = {f"test/{seed}.png": png(scene(seed)) for seed in range(10, 17)}
    copies = {
        "train/within.png": png(resized(scene(0), 120, 90)),
        "train/same.png": test["test/10.png"],
        "train/same again.png": test["test/10.png"],
        "train/small.png": png(resized(scene(10), 120, 90)),
        "test/jpeg.jpg": jpeg(scene(3)),
        "test/written.png": png(PERTURBATIONS["written across"](scene(3))),
    }
    return train | test | copies


@pytest.fixture
def searcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Searcher]:
    # The forecast is tested elsewhere, and takes most of the time.
    monkeypatch.setattr(calibration, "_SAMPLE", 1)
    for name, data in pictures().items():
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    ingest(f"folder:{tmp_path / 'pictures'}", tmp_path / "store", recipe=TOY, make_backbone=toy_backbone())
    with Searcher.open(tmp_path / "store", make_backbone=toy_backbone()) as searcher:
        yield searcher


def kinds(leaks: Duplicates) -> dict[str, list[tuple[str, Kind]]]:
    """Return the copies of each kept picture by its key."""
    return {group.kept.key: sorted((member.key, member.kind) for member in group.others) for group in leaks.groups}


def test_only_copies_across_the_two_parts_are_found_and_those_of_the_second_are_kept(searcher: Searcher) -> None:
    leaks = find_leaks(searcher, TRAIN, TEST, names=NAMES)
    assert kinds(leaks) == {
        "test/10.png": [
            ("train/same again.png", Kind.IDENTICAL_FILE),
            ("train/same.png", Kind.IDENTICAL_FILE),
            ("train/small.png", Kind.REENCODED),
        ],
        # Of two copies the surer one.
        "test/jpeg.jpg": [("train/3.png", Kind.REENCODED)],
    }
    assert leaks.summary().splitlines()[1:] == [
        "2 identical file, 2 re-encoded or resized",
        "4 of 12 items with label=train are copies of 2 of 9 with label=test",
    ]
    assert leaks.between == Between(*NAMES, 9)
    assert leaks.auto is not None
    assert leaks.auto.called == 4
    reasons = {(member.keep, member.reason) for group in leaks.groups for member in group.others}
    assert reasons == {(False, "has label=train")}
    assert {(group.kept.keep, group.kept.reason) for group in leaks.groups} == {(True, "has label=test")}


def test_in_the_other_direction_each_copy_is_listed_by_itself(searcher: Searcher) -> None:
    leaks = find_leaks(searcher, TEST, TRAIN)
    found = {key: [name for name, _ in members] for key, members in kinds(leaks).items()}
    assert found.pop("train/3.png") == ["test/jpeg.jpg", "test/written.png"]
    # Of two pictures that it is the same file as, the first.
    assert list(found.values()) == [["test/10.png"]]
    assert leaks.between == Between("the first filter", "the second filter", 12)


def test_pairs_that_are_said_to_be_different_are_no_leaks(searcher: Searcher) -> None:
    content = {item.key: item.content for item in searcher.store.items()}
    same = content["test/10.png"]
    different: set[Pair] = {frozenset((same,)), frozenset((content["train/3.png"], content["test/jpeg.jpg"]))}
    assert kinds(find_leaks(searcher, TRAIN, TEST, different=different)) == {
        "test/10.png": [("train/small.png", Kind.REENCODED)],
        "test/written.png": [("train/3.png", Kind.EDITED)],
    }


LEVELS = {"a": 10, "b": 12, "c": 200, "d": 11, "e": 14, "f": 90}
SPLITS = {"a": "train", "b": "train", "c": "train", "d": "test", "e": "test", "f": "test"}


def test_with_a_radius_the_nearest_within_it_is_listed_whatever_it_shows(tmp_path: Path) -> None:
    with grey_searcher(tmp_path, LEVELS, SPLITS) as searcher:
        leaks = find_leaks(searcher, TRAIN, TEST, 4.5 / 255, names=NAMES)
        checked = find_leaks(searcher, TRAIN, TEST, 4.5 / 255, check=True)
    assert kinds(leaks) == {"d": [("a", Kind.LOOKS_ALIKE), ("b", Kind.LOOKS_ALIKE)]}
    assert leaks.auto is None
    assert leaks.summary() == "2 of 3 items with label=train are within 0.01765 of 1 of 3 with label=test"
    assert {(member.key, member.kind, member.keep) for member in checked.groups[0].others} == {
        ("a", Kind.LOOKS_ALIKE, True),
        ("b", Kind.LOOKS_ALIKE, True),
    }


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (
            ("label=train", "label=validation"),
            "expected items with label=validation to compare, got none",
        ),
        (
            ("exists split", "label=test"),
            "expected items with exists split to compare, got none; no item has the field 'split', of id, key, label, "
            "height, width",
        ),
        (
            ("width>=1", "label=test"),
            "expected no item with both width>=1 and label=test, got 3, such as 'd': name two values that no item has "
            "at once",
        ),
    ],
)
def test_filters_that_are_no_two_parts_of_the_store_are_refused(
    tmp_path: Path, filters: tuple[str, str], message: str
) -> None:
    first, second = (where_of([text]) or {} for text in filters)
    with (
        grey_searcher(tmp_path, LEVELS, SPLITS) as searcher,
        pytest.raises(InvalidQuery, match=exactly(message)),
    ):
        find_leaks(searcher, first, second, 0.1, names=filters)
