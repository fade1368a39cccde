"""What a comparison of two pictures sees."""

import numpy as np
import pytest

from search.curation.perturbations import PERTURBATIONS
from search.curation.prepared_picture import prepared
from search.curation.second_look import Look, look
from tests.search.curation.scenes import Image, resized, scene, turned

SCENE = scene(1)


def seen(first: Image, second: Image) -> Look:
    return look(prepared(first), prepared(second))


def test_a_picture_agrees_with_itself_in_all() -> None:
    same = seen(SCENE, SCENE)
    assert (same.transform.mirrored, round(same.degrees, 1), same.pixels.overlaps) == (False, 0.0, (1.0, 1.0))
    assert min(same.pixels.agreement) > 0.95
    assert max(same.pixels.differing, same.pixels.residual, same.pixels.colour) < 1e-4


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_other_pictures_have_little_structure_in_common(seed: int) -> None:
    strangers = seen(SCENE, scene(seed))
    assert max(strangers.pixels.agreement) < 0.6
    assert strangers.transform.matches < 8


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("mirrored", [False, True])
def test_quarter_turns_and_mirror_images_are_told(turns: int, mirrored: bool) -> None:
    copy = np.rot90(SCENE, -turns)
    found = seen(SCENE, np.ascontiguousarray(copy[:, ::-1] if mirrored else copy))
    assert found.transform.mirrored is mirrored
    assert min(found.pixels.agreement) > 0.9
    # Of a mirror image the mirror image is turned.
    assert round(abs(found.degrees)) == {1: 90, 2: 180, 3: 90}[turns]


def test_the_degrees_of_a_turn_are_told() -> None:
    found = seen(SCENE, turned(SCENE, 7))
    assert found.degrees == pytest.approx(7, abs=0.5)
    assert min(found.pixels.agreement) > 0.8


def test_a_part_of_a_picture_lies_on_it_and_has_its_structure() -> None:
    found = seen(SCENE, SCENE[20:120, 30:170])
    assert found.pixels.overlaps == pytest.approx((100 * 140 / (150 * 200), 1), abs=0.05)
    assert min(found.pixels.agreement) > 0.85


def test_a_border_is_seen_as_such_even_around_a_picture_without_features() -> None:
    slope = np.clip(np.add.outer(np.arange(60) * 2, np.arange(90)) + 40, 0, 255).astype(np.uint8)
    bordered = np.pad(slope, 12)
    found = seen(slope, bordered)
    assert found.pixels.overlaps == pytest.approx((1, 60 * 90 / (84 * 114)), abs=0.06)


@pytest.mark.parametrize("kind", list(PERTURBATIONS))
@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 3), (9, 40), (1, 1), (2, 3, 3), (3, 2), (1, 300)], ids=str)
def test_pictures_of_any_shape_can_be_perturbed_and_compared(kind: str, shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(31).integers(0, 256, shape).astype(np.uint8)
    copy = PERTURBATIONS[kind](image)
    assert (str(copy.dtype), copy.size > 0) == ("uint8", True)
    for first, second in ((image, copy), (copy, image)):
        values = seen(first, second).pixels
        assert np.isfinite([*values.agreement, *values.overlaps, values.differing, values.residual]).all()


def test_a_change_of_colours_is_no_difference_but_writing_is() -> None:
    grey, written = PERTURBATIONS["grey"](SCENE), PERTURBATIONS["written across"](SCENE)
    assert seen(SCENE, np.asarray(40 + SCENE[:, :, ::-1] // 2, np.uint8)).pixels.differing < 0.01
    assert seen(grey, SCENE).pixels.differing < seen(SCENE, written).pixels.differing
    assert 0.01 < seen(SCENE, written).pixels.differing < 0.2


def test_the_same_pictures_are_always_seen_alike() -> None:
    copy = resized(scene(5), 160, 130)
    assert repr(seen(SCENE, copy)) == repr(seen(SCENE, copy))
