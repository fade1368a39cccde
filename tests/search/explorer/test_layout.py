"""Places on the map: the same in every run, near for near vectors, and kept."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from search.explorer import projection
from search.explorer.layout import EXTENT, layout
from search.explorer.picture_pages import z_order
from search.explorer.projection import project_many
from search.figures.map_figure import draw_map
from storage import Store
from tests.search.explorer.stores import lines_store
from tests.storage.stores import random_vectors


def clusters(count: int) -> NDArray[np.float32]:
    """Return vectors, (count, 8), in three groups far apart, by their index modulo 3."""
    centres = 20 * np.eye(3, 8, dtype=np.float32)
    return centres[np.arange(count) % 3] + random_vectors(count, 8)


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step takes as long for a hundred points as for thousands."""
    monkeypatch.setattr(projection, "_EXAGGERATED", 30)
    monkeypatch.setattr(projection, "_FURTHER", 20)


def test_many_vectors_of_a_group_are_near_each_other_in_the_same_places_every_time() -> None:
    points = project_many(clusters(150))
    assert (project_many(clusters(150)) == points).all()
    distances = np.linalg.norm(points[:, np.newaxis] - points, axis=2) + np.diag([np.inf] * 150)
    assert (distances.argmin(axis=1) % 3 == np.arange(150) % 3).all()


@pytest.mark.parametrize("vectors", [np.ones((20, 4), np.float32), np.full((20, 4), 1e-30, np.float32)])
def test_equal_vectors_are_all_at_one_place(vectors: NDArray[np.float32]) -> None:
    assert (project_many(vectors) == 0).all()


def test_many_equal_vectors_beside_others_have_places() -> None:
    vectors = np.concatenate([np.ones((40, 4), np.float32), random_vectors(20, 4)])
    assert np.isfinite(project_many(vectors)).all()


def test_a_layout_says_how_it_was_made(tmp_path: Path) -> None:
    with Store.open(lines_store(tmp_path)) as store:
        ids, vectors = store.all_vectors()
        few, many = layout(store, ids, vectors), layout(store, ids, vectors, few=10)
    assert few.method == "t-SNE of perplexity 30 after PCA to 50 dimensions"
    assert many.method == "t-SNE of 15 neighbours after PCA to 50 dimensions"
    assert (few.places != many.places).any()


def test_few_items_are_where_the_static_map_has_them(tmp_path: Path) -> None:
    with Store.open(lines_store(tmp_path)) as store:
        ids, vectors = store.all_vectors()
        places = layout(store, ids, vectors).places / EXTENT
        axes = draw_map(store).axes[0]
    dots = np.concatenate([np.asarray(group.get_offsets()) for group in axes.collections])
    # The y of a figure grows upwards, that of a page downwards.
    np.testing.assert_allclose(sorted(dots.tolist()), sorted([x, 1 - y] for x, y in places.tolist()), atol=1e-4)


def test_the_z_order_has_the_bits_of_both_coordinates_in_turn() -> None:
    places = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [2, 0], [65_535, 0], [65_535, 65_535]], np.uint16)
    assert z_order(places).tolist() == [0, 1, 2, 3, 4, 0x55555555, 0xFFFFFFFF]
