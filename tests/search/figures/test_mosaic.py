"""The cells of a map of thumbnails."""

import numpy as np
import pytest

from search.figures.mosaic import Cell, mosaic_cells


def mosaic_of(*points: tuple[float, float]) -> list[Cell]:
    return mosaic_cells(np.array(points, np.float32))


def test_an_image_gets_the_cell_of_its_point() -> None:
    assert mosaic_of((0.0, 0.0), (1.0, 1.0), (0.5, 0.2)) == [
        Cell(0, 0.0, 0.0, 0.125),
        Cell(1, 0.875, 0.875, 0.125),
        Cell(2, 0.5, 0.125, 0.125),
    ]


def test_if_two_points_share_a_cell_the_one_farther_from_its_centre_gets_the_nearest_free_cell() -> None:
    assert mosaic_of((0.12, 0.06), (0.06, 0.06)) == [Cell(0, 0.125, 0.0, 0.125), Cell(1, 0.0, 0.0, 0.125)]


def test_all_images_of_a_small_store_are_shown_and_none_overlaps_another() -> None:
    points = np.random.default_rng(31).normal(0.5, 0.05, (600, 2)).clip(0, 1).astype(np.float32)
    cells = mosaic_cells(points)
    assert [cell.position for cell in cells] == list(range(600))
    assert len({(cell.left, cell.bottom) for cell in cells}) == 600


def test_a_mosaic_of_a_large_store_shows_the_image_nearest_to_the_centre_of_each_cell() -> None:
    points = np.random.default_rng(31).random((5000, 2), np.float32)
    cells = mosaic_cells(points)
    assert len(cells) == len({(cell.left, cell.bottom) for cell in cells}) <= 34**2
    for cell in cells:
        corner = np.array([cell.left, cell.bottom], np.float32)
        inside = points[((points >= corner) & (points < corner + cell.side)).all(axis=1)]
        nearest = np.linalg.norm(inside - corner - cell.side / 2, axis=1).min()
        shown = np.linalg.norm(points[cell.position] - corner - cell.side / 2)
        assert shown == pytest.approx(nearest, abs=1e-5)
