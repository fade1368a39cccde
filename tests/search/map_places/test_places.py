"""Places on the map: the same in every run, near for near vectors, and kept."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from search.figures.map_figure import draw_map
from search.map_places import tsne, tsne_of_many
from search.map_places.places import map_places
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
    monkeypatch.setattr(tsne_of_many, "_EXAGGERATED", 30)
    monkeypatch.setattr(tsne_of_many, "_FURTHER", 20)


def test_many_vectors_of_a_group_are_near_each_other_in_the_same_places_every_time() -> None:
    points = tsne_of_many.tsne_of_many(clusters(150))
    assert (tsne_of_many.tsne_of_many(clusters(150)) == points).all()
    distances = np.linalg.norm(points[:, np.newaxis] - points, axis=2) + np.diag([np.inf] * 150)
    assert (distances.argmin(axis=1) % 3 == np.arange(150) % 3).all()


@pytest.mark.parametrize("vectors", [np.ones((20, 4), np.float32), np.full((20, 4), 1e-30, np.float32)])
def test_equal_vectors_are_all_at_one_place(vectors: NDArray[np.float32]) -> None:
    assert (tsne_of_many.tsne_of_many(vectors) == 0).all()


def test_many_equal_vectors_beside_others_have_places() -> None:
    vectors = np.concatenate([np.ones((40, 4), np.float32), random_vectors(20, 4)])
    assert np.isfinite(tsne_of_many.tsne_of_many(vectors)).all()


def test_places_say_how_they_were_found(tmp_path: Path) -> None:
    with Store.open(lines_store(tmp_path)) as store:
        ids, vectors = store.all_vectors()
        few, many = map_places(store, ids, vectors), map_places(store, ids, vectors, few=10)
    assert few.method == "t-SNE of perplexity 30 after PCA to 50 dimensions"
    assert many.method == "t-SNE of 15 neighbours after PCA to 50 dimensions"
    assert (few.coordinates != many.coordinates).any()


def test_the_figure_of_a_map_has_items_where_the_page_has_them_and_computes_nothing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(lines_store(tmp_path)) as store:
        coordinates = map_places(store, *store.all_vectors()).coordinates
        monkeypatch.delattr(tsne, "tsne")
        axes = draw_map(store).axes[0]
    dots = np.concatenate([np.asarray(group.get_offsets()) for group in axes.collections])
    # The y of a figure grows upwards, that of a page downwards.
    expected = [[x / 65_535, 1 - y / 65_535] for x, y in coordinates.tolist()]
    np.testing.assert_allclose(sorted(dots.tolist()), sorted(expected), atol=1e-6)
