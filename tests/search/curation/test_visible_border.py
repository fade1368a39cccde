"""Which picture of a pair has a border that the other lacks."""

import numpy as np
import pytest

from search.curation.prepared_picture import prepared
from search.curation.second_look import look
from search.curation.visible_border import bordered
from tests.search.curation.scenes import Image, resized, scene

SCENE = scene(1)


def framed(image: Image, level: int) -> Image:
    return np.pad(image, ((14, 14), (14, 14), (0, 0)), constant_values=level)


def borders(first: Image, second: Image) -> tuple[bool, bool]:
    pictures = prepared(first), prepared(second)
    return bordered(*pictures, look(*pictures))


@pytest.mark.parametrize("level", [0, 255])
def test_a_border_of_one_colour_is_told_whichever_comes_first(level: int) -> None:
    assert borders(SCENE, framed(SCENE, level)) == (False, True)
    assert borders(framed(SCENE[:, ::-1], level), SCENE) == (True, False)


def test_what_was_cut_off_or_made_smaller_is_no_border() -> None:
    assert borders(SCENE, SCENE[15:135, 20:180]) == (False, False)
    assert borders(SCENE, resized(SCENE, 120, 90)) == (False, False)


def test_a_margin_of_the_colour_of_the_ground_is_no_border() -> None:
    drawing = np.full((150, 200, 3), 255, np.uint8)
    drawing[30:120, 40:160] = scene(2, 90, 120)
    assert borders(drawing, framed(drawing, 255)) == (False, False)
