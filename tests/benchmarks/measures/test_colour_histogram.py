"""Colour histograms as vectors."""

import numpy as np

from benchmarks.measures.colour_histogram import colour_histograms
from ingest.images.images import Image
from tests.toys import grey


def halves(left: tuple[int, int, int], right: tuple[int, int, int]) -> Image:
    return np.array([[left, right]] * 2, np.uint8)


def test_a_histogram_has_the_square_roots_of_the_shares_of_the_colours() -> None:
    red_and_blue = colour_histograms([halves((255, 0, 0), (0, 0, 255))])
    assert red_and_blue.shape == (1, 512)
    assert red_and_blue.dtype == np.float32
    bins = {int(index): float(red_and_blue[0, index]) ** 2 for index in np.flatnonzero(red_and_blue[0])}
    assert {index: round(share, 6) for index, share in bins.items()} == {7 * 64: 0.5, 7: 0.5}


def test_size_and_place_do_not_matter_and_grey_is_a_colour() -> None:
    one, mirrored, black, also_black = colour_histograms(
        [halves((9, 9, 9), (200, 0, 0)), halves((200, 0, 0), (9, 9, 9)), grey(0, 3), np.zeros((5, 2, 3), np.uint8)]
    )
    np.testing.assert_array_equal(one, mirrored)
    np.testing.assert_array_equal(black, also_black)
