"""The order of a page's pictures."""

import numpy as np

from search.explorer.picture_pages import z_order


def test_the_z_order_has_the_bits_of_both_coordinates_in_turn() -> None:
    places = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [2, 0], [65_535, 0], [65_535, 65_535]], np.uint16)
    assert z_order(places).tolist() == [0, 1, 2, 3, 4, 0x55555555, 0xFFFFFFFF]
