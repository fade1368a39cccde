"""Telling that two drawings of a package are one picture."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.measures import same_pictures
from benchmarks.measures.same_pictures import Relation, file_digest, relation
from search.curation.perturbations import PERTURBATIONS
from tests.search.curation.scenes import Image, resized, scene
from tests.toys import png

SCENE = scene(1)


def related(folder: Path, first: Image, second: Image) -> Relation:
    paths = [folder / "first.png", folder / "second.png"]
    for path, image in zip(paths, (first, second), strict=True):
        path.write_bytes(png(np.ascontiguousarray(image)))
    return relation(paths[0], paths[1])


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read each test's files anew, of which many have the same name."""
    monkeypatch.setattr(same_pictures, "_small", same_pictures._small.__wrapped__)
    monkeypatch.setattr(same_pictures, "same_drawings", frozenset)


def test_pictures_of_the_same_pixels_are_the_same_at_any_size(tmp_path: Path) -> None:
    assert related(tmp_path, SCENE, resized(SCENE, 400, 300)) is Relation.SAME


@pytest.mark.parametrize("kind", ["mirrored", "turned upside down", "turned by a quarter", "other colours"])
def test_a_picture_that_is_turned_or_in_other_colours_is_a_variant(tmp_path: Path, kind: str) -> None:
    variants = {
        "mirrored": SCENE[:, ::-1],
        "turned upside down": SCENE[::-1, ::-1],
        "turned by a quarter": np.rot90(SCENE),
        "other colours": 255 - SCENE[:, :, ::-1] // 2,
    }
    assert related(tmp_path, SCENE, variants[kind]) is Relation.VARIANT


def test_other_pictures_and_those_with_something_added_are_others(tmp_path: Path) -> None:
    assert related(tmp_path, SCENE, scene(2)) is Relation.OTHER
    assert related(tmp_path, SCENE, PERTURBATIONS["bordered"](SCENE)) is Relation.OTHER


def test_thin_lines_on_white_are_compared_by_what_they_change(tmp_path: Path) -> None:
    first, second = np.full((100, 100, 3), 255, np.uint8), np.full((100, 100, 3), 255, np.uint8)
    first[:, 50], second[:, 20] = 0, 0
    second[50, :] = 0
    assert related(tmp_path, first, second) is Relation.OTHER


def test_empty_pages_of_the_same_colour_are_the_same(tmp_path: Path) -> None:
    page = np.full((40, 30, 3), 250, np.uint8)
    assert related(tmp_path, page, page[:20]) is Relation.SAME
    assert related(tmp_path, page, page[:20] - 40) is Relation.OTHER


def test_a_pair_that_people_told_is_a_variant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seed in (("a", 1), ("b", 2)):
        (tmp_path / f"{name}.png").write_bytes(png(scene(seed)))
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    monkeypatch.setattr(same_pictures, "same_drawings", lambda: {frozenset((file_digest(first), file_digest(second)))})
    assert relation(first, second) is Relation.VARIANT
