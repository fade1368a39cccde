"""Sketches that tell which of many neighbours are like a picture."""

import numpy as np
import pytest

from search.curation.perturbations import PERTURBATIONS
from search.curation.sketches import likeness, sketch
from tests.search.curation.scenes import Image, resized, scene

SCENE = scene(1)


def alike(first: Image, second: Image) -> float:
    (share,) = likeness(sketch(first), sketch(second)[np.newaxis])
    return float(share)


@pytest.mark.parametrize("kind", ["re-encoded", "resized", "mirrored", "bordered", "grey", "brighter"])
def test_a_copy_has_the_same_sketch(kind: str) -> None:
    assert alike(SCENE, PERTURBATIONS[kind](SCENE)) > 0.9


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("step", [1, -1])
def test_it_is_the_same_in_all_ways_to_turn_and_mirror_a_picture(turns: int, step: int) -> None:
    assert alike(SCENE, np.ascontiguousarray(np.rot90(SCENE, turns)[:, ::step])) > 0.99


def test_other_pictures_and_empty_ones_have_other_sketches() -> None:
    assert alike(SCENE, scene(2)) < 0.7
    assert alike(SCENE, np.full((20, 30), 90, np.uint8)) < 0.1


def test_the_likeness_of_each_of_some_pictures_is_told() -> None:
    others = np.array([sketch(image) for image in (scene(3), resized(SCENE, 90, 70))])
    shares = likeness(sketch(SCENE), others)
    assert (shares[0] < 0.7, shares[1] > 0.95) == (True, True)
    assert likeness(sketch(SCENE), others[:0]).shape == (0,)
