"""Varied copies of an image to train on."""

import cv2
import numpy as np

from ingest.embedding.network.backbone import Floats
from ingest.embedding.training.augmentation import GROWTH, SHIFT, TURN, varied


def spot(x: int, y: int, side: int = 64) -> Floats:
    """Return a black image with a soft white spot in one place."""
    image = np.zeros((side, side, 3), np.float32)
    image[y - 2 : y + 3, x - 2 : x + 3] = 1
    return np.asarray(cv2.GaussianBlur(image, (5, 5), 1), np.float32)


def centre(image: Floats) -> tuple[float, float]:
    """Return where the light of an image is, (x, y)."""
    weights = image[:, :, 0] / image[:, :, 0].sum()
    y, x = np.mgrid[0 : len(image), 0 : len(image)]
    return float((weights * x).sum()), float((weights * y).sum())


def test_a_seed_gives_the_same_copies_and_each_is_another() -> None:
    first, second = np.random.RandomState(3), np.random.RandomState(3)
    copies = [varied(spot(20, 30), first) for _ in range(4)]
    for copy in copies:
        np.testing.assert_array_equal(varied(spot(20, 30), second), copy)
    assert all(not np.array_equal(copies[0], other) for other in copies[1:])
    assert {(copy.shape, str(copy.dtype)) for copy in copies} == {((64, 64, 3), "float32")}


def test_what_is_in_the_middle_is_moved_by_no_more_than_the_share_of_the_side_that_is_allowed() -> None:
    generator = np.random.RandomState(3)
    places = np.array([centre(varied(spot(32, 32), generator)) for _ in range(200)])
    moved = np.abs(places - 31.5)
    # The spot's own middle lies half a pixel off the image's.
    assert moved.max() <= SHIFT * 64 + 0.5 * (1 + GROWTH) + 0.1
    assert moved.max() > 0.8 * SHIFT * 64


def test_what_is_at_the_side_is_turned_and_stretched_by_no_more_than_is_allowed() -> None:
    generator = np.random.RandomState(3)
    angles, lengths = [], []
    for _ in range(200):
        state = generator.get_state()
        middle = np.array(centre(varied(spot(32, 32), generator)))
        generator.set_state(state)
        x, y = np.array(centre(varied(spot(48, 32), generator))) - middle
        angles.append(np.degrees(np.arctan2(y, x)))
        lengths.append(np.hypot(x, y) / 16)
    assert 0.9 * TURN < np.abs(angles).max() <= TURN + 0.5
    assert 1 - GROWTH - 0.02 <= min(lengths) < 0.92
    assert 1.08 < max(lengths) <= 1 + GROWTH + 0.02


def test_an_image_of_one_colour_stays_as_it_is() -> None:
    plain = np.full((32, 32, 3), [0.2, 0.4, 0.6], np.float32)
    generator = np.random.RandomState(3)
    for _ in range(20):
        np.testing.assert_allclose(varied(plain, generator), plain, atol=1e-6)
