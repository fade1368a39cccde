"""Which pictures of a folder are called copies of each other, and by what."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ingest.job import ingest
from search.curation import calibration as calibration_module
from search.curation import candidate_pairs as candidate_pairs_module
from search.curation.calibration import Calibration
from search.curation.candidate_pairs import candidate_pairs
from search.curation.copy_confidence import LIMIT, Evidence, share_of_copies
from search.curation.duplicate_group import Kind
from search.curation.duplicates import Duplicates, find_duplicates
from search.curation.perturbations import PERTURBATIONS
from search.curation.prepared_picture import prepared
from search.curation.second_look import look
from search.searcher import Searcher
from tests.search.curation.scenes import Image, resized, scene
from tests.toys import TOY, png, toy_backbone

pytestmark = pytest.mark.heavy


def written(folder: Path, pictures: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, data in pictures.items():
        (folder / name).write_bytes(data)
    return folder


def searcher_of(folder: Path) -> Searcher:
    store = folder.parent / "store"
    ingest(f"folder:{folder}", store, recipe=TOY, make_backbone=toy_backbone())
    return Searcher.open(store, make_backbone=toy_backbone())


def compressed(image: Image) -> bytes:
    """Return an image as a PNG whose bytes are not those of `png`."""
    return cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 0])[1].tobytes()


def collection(folder: Path) -> Path:
    """Write twelve pictures and copies of five of them."""
    scenes = {f"{seed:02}.png": png(scene(seed)) for seed in range(12)}
    copies = {
        "same.png": scenes["00.png"],
        "pixels.png": compressed(scene(1)),
        "jpeg.jpg": cv2.imencode(".jpg", cv2.cvtColor(scene(2), cv2.COLOR_RGB2BGR))[1].tobytes(),
        "small.png": png(resized(scene(3), 120, 90)),
        "cropped.png": png(np.ascontiguousarray(scene(4)[8:142, 10:190])),
        "written.png": png(PERTURBATIONS["written across"](scene(5))),
    }
    return written(folder, scenes | copies)


EXPECTED = {
    ("00.png", "same.png"): Kind.IDENTICAL_FILE,
    ("01.png", "pixels.png"): Kind.IDENTICAL_PIXELS,
    ("02.png", "jpeg.jpg"): Kind.REENCODED,
    ("03.png", "small.png"): Kind.REENCODED,
    ("04.png", "cropped.png"): Kind.CROPPED,
    ("05.png", "written.png"): Kind.EDITED,
}


def kinds(duplicates: Duplicates) -> dict[tuple[str, str], Kind]:
    """Return the kind of each pair of keys, in their order."""
    pairs = [(group.kept.key, member.key, member.kind) for group in duplicates.groups for member in group.others]
    return {(min(kept, other), max(kept, other)): kind for kept, other, kind in pairs}


def test_copies_are_found_by_their_pictures_with_their_kinds(tmp_path: Path) -> None:
    with searcher_of(collection(tmp_path / "pictures")) as searcher:
        duplicates = find_duplicates(searcher)
        again = find_duplicates(searcher)
    assert kinds(duplicates) == EXPECTED
    assert again.as_json() == duplicates.as_json()
    assert duplicates.radius is None
    members = [member for group in duplicates.groups for member in group.others]
    assert min(member.confidence or 0 for member in members) >= LIMIT
    assert {member.confidence for member in members if member.kind in tuple(Kind)[:2]} == {1.0}
    assert all(member.path == tmp_path / "pictures" / member.key for member in members)
    assert duplicates.summary().splitlines()[1:] == [
        "1 identical file, 1 identical pixels, 2 re-encoded or resized, 1 cropped or bordered, 1 edited",
        "6 groups of duplicates: 6 of 18 items could be deleted",
    ]


def test_a_border_makes_no_picture_the_one_to_keep(tmp_path: Path) -> None:
    pictures = {f"{seed}.png": png(scene(seed)) for seed in range(3)}
    framed = {"framed.png": png(PERTURBATIONS["bordered"](scene(0))), "larger.png": png(resized(scene(1), 400, 300))}
    with searcher_of(written(tmp_path / "pictures", pictures | framed)) as searcher:
        groups = find_duplicates(searcher).groups
    assert {(group.kept.key, group.kept.reason, group.others[0].key, group.others[0].reason) for group in groups} == {
        ("0.png", "has no border", "framed.png", "has a border"),
        ("larger.png", "largest: 400 × 300", "1.png", "smaller: 200 × 150"),  # noqa: RUF001
    }


def test_pictures_whose_files_are_gone_are_compared_by_their_thumbnails_and_are_not_kept(tmp_path: Path) -> None:
    folder = collection(tmp_path / "pictures")
    with searcher_of(folder) as searcher:
        (folder / "03.png").unlink()
        (folder / "04.png").write_bytes(png(scene(99)))
        duplicates = find_duplicates(searcher)
    kept = {group.kept.key: group.kept.reason for group in duplicates.groups}
    assert (kept["small.png"], kept["cropped.png"]) == ("its file is still there", "its file is still there")
    assert kinds(duplicates).keys() >= {("03.png", "small.png"), ("04.png", "cropped.png")}


def test_pairs_that_are_said_to_be_different_are_not_called_copies(tmp_path: Path) -> None:
    with searcher_of(collection(tmp_path / "pictures")) as searcher:
        content = {item.key: item.content for item in searcher.store.items()}
        different = {
            frozenset((content["02.png"], content["jpeg.jpg"])),
            frozenset((content["00.png"], content["same.png"])),
        }
        assert kinds(find_duplicates(searcher, different=different)) == {
            pair: kind for pair, kind in EXPECTED.items() if pair[0] not in ("00.png", "02.png")
        }


def test_with_a_radius_pictures_are_compared_if_asked_for_and_what_is_no_copy_is_kept(tmp_path: Path) -> None:
    with searcher_of(collection(tmp_path / "pictures")) as searcher:
        unchecked, checked = (find_duplicates(searcher, 10.0, check=check) for check in (False, True))
    (group,) = checked.groups
    assert [member.key for member in group.members] == [member.key for member in unchecked.groups[0].members]
    assert {member.confidence for member in unchecked.groups[0].others if member.kind is Kind.LOOKS_ALIKE} == {None}
    copies = {member.key: member.kind for member in group.others if member.kind.is_copy}
    assert copies == {"01.png": Kind.IDENTICAL_PIXELS}
    alike = [member for member in group.others if not member.kind.is_copy]
    assert {(member.keep, member.reason) for member in alike} == {(True, "looks alike, but is no copy")}
    assert (unchecked.duplicate_count, checked.duplicate_count, checked.auto) == (17, 1, None)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_pictures_are_compared_too(tmp_path: Path, count: int) -> None:
    pictures = {
        f"{number}.png": png(resized(scene(7), 200 - 40 * number, 150 - 30 * number)) for number in range(count)
    }
    with searcher_of(written(tmp_path / "pictures", pictures)) as searcher:
        duplicates = find_duplicates(searcher)
    assert [(group.kept.key, len(group.others)) for group in duplicates.groups] == [("0.png", count - 1)][: count - 1]


def test_candidates_are_near_and_of_different_contents(tmp_path: Path) -> None:
    with searcher_of(collection(tmp_path / "pictures")) as searcher:
        items = searcher.store.items()
        candidates = candidate_pairs(searcher.store, items)
    keys = {item.id: item.key for item in items}
    pairs = {(keys[first], keys[second]) for first, second in candidates.distances}
    assert pairs >= set(EXPECTED) - {("00.png", "same.png")}
    assert ("00.png", "same.png") not in pairs


def test_pairs_that_are_too_many_to_be_compared_are_counted_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidate_pairs_module, "MAX_PAIRS", 2)
    monkeypatch.setattr(calibration_module, "_SAMPLE", 1)
    stages: list[str] = []
    with searcher_of(collection(tmp_path / "pictures")) as searcher:
        duplicates = find_duplicates(searcher, on_stage=stages.append)
        items = searcher.store.items()
        monkeypatch.undo()
        every = len(candidate_pairs(searcher.store, items).distances)
    assert duplicates.auto is not None
    assert duplicates.auto.as_json()["pairs_left_out"] == every - 2 > 0
    assert stages == [
        f"comparing the 2 nearest pairs of pictures; {every - 2:,} that are farther for what is usual around them are "
        "left out"
    ]


@pytest.mark.parametrize("name", list(PERTURBATIONS))
def test_a_copy_is_surer_than_another_picture(name: str) -> None:
    original, copy, other = (prepared(image) for image in (scene(1), PERTURBATIONS[name](scene(1)), scene(2)))
    assert Evidence(look(original, copy), 0.2).is_copy()
    assert Evidence(look(original, other), 0.5).confidence() < 0.2


def test_a_pair_is_less_sure_where_pictures_are_crowded_and_where_copies_are_rare() -> None:
    ring = np.full((60, 60, 3), 255, np.uint8)
    larger = ring.copy()
    cv2.circle(ring, (30, 30), 20, (90, 90, 90), 2)
    cv2.circle(larger, (30, 30), 21, (90, 90, 90), 2)
    seen = look(prepared(ring), prepared(larger))
    assert Evidence(seen, 0.4, sparsity=0.5).log_odds() < Evidence(seen, 0.4, sparsity=1.0).log_odds()
    pair = Evidence(seen, 0.4)
    assert pair.confidence(0.01) < pair.confidence(0.1) < pair.confidence() < pair.confidence(0.9)


def test_how_many_pairs_are_copies_is_told_by_all_of_them() -> None:
    original, copy, other = (prepared(image) for image in (scene(1), PERTURBATIONS["grey"](scene(1)), scene(2)))
    alike, unlike = Evidence(look(original, copy), 0.3), Evidence(look(original, other), 0.9)
    assert share_of_copies([alike] * 10 + [unlike] * 90) == pytest.approx((10 + 1) / (100 + 5), abs=0.01)
    assert share_of_copies([unlike] * 1000) < 0.002
    assert share_of_copies([]) == pytest.approx(1 / 5)


def test_empty_pictures_are_copies_only_if_their_colours_are_the_same() -> None:
    light, dark = (prepared(np.full((40, 40, 3), level, np.uint8)) for level in (200, 201))
    smaller = prepared(np.full((20, 25, 3), 200, np.uint8))
    assert [Evidence(look(light, other), 0.1).is_copy() for other in (smaller, dark)] == [True, False]


def test_a_forecast_is_told_beside_what_came_true_of_it() -> None:
    forecast = {"re-encoded": 1.0, "turned": 0.5, "grey": 0.75}
    calibration = Calibration(12, 10, forecast, {"re-encoded": 1.0, "turned": 0.75}, called=50, expected_copies=48.5)
    assert calibration.sentence() == (
        "forecast, from 120 copies of 12 pictures (2 as thumbnails): 75% of copies are found (88% of those held back "
        "were), fewest turned (50%) and grey (75%); 97% of what is called a copy is one"
    )
    assert calibration.as_json() == {
        "sample": 12,
        "whole": 10,
        "found": forecast,
        "found_share": 0.75,
        "held_back": {"re-encoded": 1.0, "turned": 0.75},
        "held_back_share": 0.875,
        "called_copies": 50,
        "copies_share": 0.97,
        "pairs_left_out": 0,
    }


def test_of_few_pictures_no_forecast_is_told() -> None:
    calibration = Calibration(2, 2, {"re-encoded": 0.0}, {"re-encoded": 1.0}, called=1, expected_copies=1.0)
    assert calibration.sentence() == "no forecast: expected 4 pictures or more to copy, got 2"
