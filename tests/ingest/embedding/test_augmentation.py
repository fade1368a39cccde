"""Augmented copies of an image to train on."""

import cv2
import numpy as np

from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.training.augmentation import MAX_ROTATION, MAX_SCALING, MAX_SHIFT, augment


def spot(x: int, y: int, side: int = 64) -> Float32Array:
    """Return a black image with a soft white spot at a position."""
    image = np.zeros((side, side, 3), np.float32)
    image[y - 2 : y + 3, x - 2 : x + 3] = 1
    return np.asarray(cv2.GaussianBlur(image, (5, 5), 1), np.float32)


def centre(image: Float32Array) -> tuple[float, float]:
    """Return the centre of an image's brightness, (x, y)."""
    weights = image[:, :, 0] / image[:, :, 0].sum()
    y, x = np.mgrid[0 : len(image), 0 : len(image)]
    return float((weights * x).sum()), float((weights * y).sum())


def test_a_seed_gives_the_same_copies_and_each_copy_differs() -> None:
    first, second = np.random.RandomState(3), np.random.RandomState(3)
    copies = [augment(spot(20, 30), first) for _ in range(4)]
    for copy in copies:
        np.testing.assert_array_equal(augment(spot(20, 30), second), copy)
    assert all(not np.array_equal(copies[0], other) for other in copies[1:])
    assert {(copy.shape, str(copy.dtype)) for copy in copies} == {((64, 64, 3), "float32")}


def test_the_centre_is_shifted_by_at_most_the_allowed_share_of_the_side() -> None:
    generator = np.random.RandomState(3)
    centres = np.array([centre(augment(spot(32, 32), generator)) for _ in range(200)])
    moved = np.abs(centres - 31.5)
    # The spot's centre is half a pixel off the image's.
    assert moved.max() <= MAX_SHIFT * 64 + 0.5 * (1 + MAX_SCALING) + 0.1
    assert moved.max() > 0.8 * MAX_SHIFT * 64


def test_an_image_is_rotated_and_scaled_by_at_most_what_is_allowed() -> None:
    generator = np.random.RandomState(3)
    angles, lengths = [], []
    for _ in range(200):
        state = generator.get_state()
        moved_centre = np.array(centre(augment(spot(32, 32), generator)))
        generator.set_state(state)
        x, y = np.array(centre(augment(spot(48, 32), generator))) - moved_centre
        angles.append(np.degrees(np.arctan2(y, x)))
        lengths.append(np.hypot(x, y) / 16)
    assert 0.9 * MAX_ROTATION < np.abs(angles).max() <= MAX_ROTATION + 0.5
    assert 1 - MAX_SCALING - 0.02 <= min(lengths) < 0.92
    assert 1.08 < max(lengths) <= 1 + MAX_SCALING + 0.02


def test_an_image_of_one_colour_does_not_change() -> None:
    image = np.full((32, 32, 3), [0.2, 0.4, 0.6], np.float32)
    generator = np.random.RandomState(3)
    for _ in range(20):
        np.testing.assert_allclose(augment(image, generator), image, atol=1e-6)
