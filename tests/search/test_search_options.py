"""The options of a search, against results known by hand; neighbours of all items; scikit-learn's interface."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.results import QueryResult
from search.searcher import Searcher
from storage import NewItem, Store
from storage.errors import InvalidQuery, UnknownField
from tests.errors import exactly
from tests.search.stores import NEIGHBOURS, batch, grey_store, hit, item
from tests.toys import grey, png


def keys(result: QueryResult) -> list[str]:
    return [hit.key for hit in result.hits]


def test_every_method_takes_a_radius_a_filter_and_ids_to_exclude(searcher: Searcher) -> None:
    vector = searcher.embed([grey(61)])[0]
    low: Any = {"where": {"label": "low"}}
    for options, expected in (
        ({}, ["dark", "black", "light", "white"]),
        (low, ["dark", "black"]),
        ({"where": {"label": ["low", None]}, "exclude": [0]}, ["dark", "white"]),
        ({"where": {"width": {">": 8}}}, []),
        ({"exclude": np.array([0, 1, 2, 3, 9])}, []),
        ({"radius": 0.5}, ["dark", "black"]),
        ({"radius": 0.8, "k": 1}, ["dark"]),
        ({"radius": 0.8, **low, "exclude": [1]}, ["black"]),
    ):
        results = [
            searcher.by_image(png(grey(61)), **options),
            searcher.by_images([grey(61)], **options)[0],
            searcher.by_vector(vector, **options),
            searcher.by_vectors([vector], **options)[0],
            searcher.predict(grey(61), **options).result,
        ]
        assert [keys(result) for result in results] == [expected] * 5
    assert keys(searcher.by_id(1, **low)) == ["black"]
    assert keys(searcher.by_key("dark", exclude=[0], radius=0.9)) == ["light"]
    assert keys(searcher.by_random(seed=1, where={"id": []})) == []


def test_an_item_is_not_its_own_hit_within_a_radius_and_the_border_is_included(searcher: Searcher) -> None:
    vectors = searcher.store.vectors([0, 1])
    border = searcher.by_id(0, 1).hits[0].distance
    assert searcher.by_ids([0, 1], radius=border) == batch(
        QueryResult("item 0 (black)", NEIGHBOURS["black"][:1], item=item(searcher, "black")),
        QueryResult("item 1 (dark)", NEIGHBOURS["dark"][:1], item=item(searcher, "dark")),
    )
    assert searcher.by_vectors(vectors, radius=border) == batch(
        QueryResult("a vector", (hit(1, "black", 0), hit(2, "dark", 0.4))),
        QueryResult("a vector", (hit(1, "dark", 0), hit(2, "black", 0.4))),
    )
    result = searcher.by_vector(vectors[0], radius=np.nextafter(border, 0))
    assert result == QueryResult("a vector", (hit(1, "black", 0),))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "expected k to be a whole number of at least 1, got 0"),
        ({"radius": -1}, "expected the radius to be a finite number of at least 0, got -1"),
        ({"exclude": "12"}, "expected a list of ids to exclude, got '12'"),
        ({"exclude": 3}, "expected a list of ids to exclude, got 3"),
        ({"where": ["label"]}, "expected a filter such as {'label': '7'}, got ['label']"),
        ({"where": {"label": 7}}, "expected a text for the field 'label', got 7: write '7'"),
    ],
)
def test_an_invalid_option_is_refused_before_an_image_is_read(searcher: Searcher, options: Any, message: str) -> None:
    searches: list[Callable[[], object]] = [
        lambda: searcher.by_id(0, **options),
        lambda: searcher.by_key("dark", **options),
        lambda: searcher.by_image("no such file.png", **options),
        lambda: searcher.by_vector(np.zeros(4), **options),
    ]
    for search in searches:
        with pytest.raises(InvalidQuery, match=exactly(message)):
            search()


def test_an_unknown_field_is_refused_with_a_list_of_the_known_ones(searcher: Searcher) -> None:
    with pytest.raises(
        UnknownField,
        match=exactly(
            "expected a field that an item has (id, key, label, height, width), got 'with': name one of them"
        ),
    ):
        searcher.by_id(0, where={"with": 8})


def test_a_search_after_a_compaction_has_the_current_hits(tmp_path: Path) -> None:
    folder = grey_store(tmp_path)
    with Searcher.open(folder) as searcher:
        assert keys(searcher.by_id(0)) == ["dark", "light", "white"]
        assert keys(searcher.by_id(0, where={"label": "low"})) == ["dark"]
        with Store.open(folder, writing=True) as writer:
            writer.delete(keys=["dark"])
            writer.compact()
        assert keys(searcher.by_id(0)) == ["light", "white"]
        assert keys(searcher.by_id(0, where={"label": "low"})) == []
        assert searcher.neighbours_of_all(1).neighbours.tolist() == [[2], [3], [2]]


def test_the_neighbours_of_all_items_are_returned_at_once(searcher: Searcher) -> None:
    result = searcher.neighbours_of_all(2)
    assert result.ids.tolist() == [0, 1, 2, 3]
    assert result.neighbours.tolist() == [[1, 2], [0, 2], [3, 1], [2, 1]]
    np.testing.assert_allclose(result.distances, [[0.4, 1.2], [0.4, 0.8], [0.4, 0.8], [0.4, 1.2]], atol=1e-6)


def test_kneighbors_returns_what_scikit_learn_does(searcher: Searcher) -> None:
    from sklearn.neighbors import NearestNeighbors

    _, vectors = searcher.store.all_vectors()
    queries = searcher.embed([grey(61), grey(190)])
    sklearn_neighbors = NearestNeighbors(n_neighbors=3).fit(vectors)
    for x in (queries, queries.astype(np.float64), None):
        expected_distances, expected_ids = sklearn_neighbors.kneighbors(x)
        distances, ids = searcher.kneighbors(x, 3)
        assert (distances.dtype.name, ids.dtype.name) == ("float64", "int64")
        np.testing.assert_array_equal(ids, expected_ids)
        np.testing.assert_allclose(distances, expected_distances, atol=1e-6)
        np.testing.assert_array_equal(searcher.kneighbors(x, 3, return_distance=False), expected_ids)
    assert searcher.kneighbors(queries, 4)[1].shape == (2, 4)
    for x, most in ((queries, 4), (None, 3)):
        with pytest.raises(
            InvalidQuery, match=exactly(f"expected n_neighbors of at most {most}, as many as there are, got {most + 1}")
        ):
            searcher.kneighbors(x, most + 1)


def test_kneighbors_are_at_most_as_many_as_the_items_that_are_loaded(searcher: Searcher, tmp_path: Path) -> None:
    with Store.create(tmp_path / "growing", searcher.store.embedding) as store:
        store.append([NewItem("a", b""), NewItem("b", b"")], np.eye(2, 4))
        with Searcher.open(tmp_path / "growing") as other:
            assert other.kneighbors(np.eye(4), 2, return_distance=False).tolist() == [[0, 1], [1, 0], [0, 1], [0, 1]]
            store.append([NewItem("c", b"")], np.eye(1, 4))
            with pytest.raises(
                InvalidQuery, match=exactly("expected n_neighbors of at most 2, as many as there are, got 3")
            ):
                other.kneighbors(np.eye(4), 3)
            assert other.kneighbors(np.empty((0, 4)), 3)[0].shape == (0, 3)


def test_kneighbors_of_equal_items_are_in_the_order_of_their_ids(searcher: Searcher, tmp_path: Path) -> None:
    with Store.create(tmp_path / "equal", searcher.store.embedding) as store:
        store.append([NewItem(str(number), b"") for number in range(12)], np.zeros((12, 4)))
        distances, ids = Searcher(store).kneighbors(n_neighbors=3)
    assert not distances.any()
    assert ids.tolist() == [[id for id in range(4) if id != own][:3] for own in range(12)]


def test_imported_items_are_searched_like_others(searcher: Searcher, tmp_path: Path) -> None:
    with Store.create(tmp_path / "other", searcher.store.embedding) as store:
        store.append([NewItem("a", b"", "1", {"n": 1}), NewItem("b", b"", "2", {"n": "1"})], np.eye(2, 4))
    with Searcher.open(tmp_path / "other") as other:
        assert keys(other.by_vector(np.zeros(4), where={"n": 1})) == ["a"]
