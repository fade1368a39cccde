"""Filters, radius, votes and scikit-learn's way to ask, against answers known by hand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.classify import Prediction, vote
from search.results import QueryResult
from search.searcher import Searcher
from storage import Hit, NewItem, Store
from storage.errors import InvalidQuery, UnknownField
from tests.search.stores import NEIGHBOURS, batch, grey_searcher, grey_store, hit, item, result
from tests.storage.stores import exactly
from tests.toys import grey, png


@pytest.fixture
def searcher(tmp_path: Path) -> Iterator[Searcher]:
    with grey_searcher(tmp_path) as searcher:
        yield searcher


def keys(answer: QueryResult) -> list[str]:
    return [hit.key for hit in answer.hits]


def test_every_way_to_ask_takes_a_filter_and_ids_to_exclude(searcher: Searcher) -> None:
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
        answers = [
            searcher.by_image(png(grey(61)), **options),
            searcher.by_image([grey(61)], **options)[0],
            searcher.by_vector(vector, **options),
        ]
        assert [keys(answer) for answer in answers if isinstance(answer, QueryResult)] == [expected] * 3
    assert keys(searcher.by_id(1, **low)) == ["black"]
    assert keys(searcher.by_key("dark", exclude=[0], radius=0.9)) == ["light"]
    assert keys(searcher.by_random(seed=1, where={"id": []})) == []


def test_an_item_is_left_out_of_its_own_radius_and_the_border_is_included(searcher: Searcher) -> None:
    vectors = searcher.store.vectors([0, 1])
    border = searcher.by_id(0, 1).hits[0].distance
    assert searcher.by_id([0, 1], radius=border) == batch(
        QueryResult("item 0 (black)", NEIGHBOURS["black"][:1], item=item(searcher, "black")),
        QueryResult("item 1 (dark)", NEIGHBOURS["dark"][:1], item=item(searcher, "dark")),
    )
    assert searcher.within(vectors, border) == batch(
        QueryResult("a vector", (hit(1, "black", 0), hit(2, "dark", 0.4))),
        QueryResult("a vector", (hit(1, "dark", 0), hit(2, "black", 0.4))),
    )
    assert searcher.within(vectors[0], np.nextafter(border, 0)) == QueryResult("a vector", (hit(1, "black", 0),))


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
def test_what_cannot_be_asked_is_refused_before_a_picture_is_looked_at(
    searcher: Searcher, options: Any, message: str
) -> None:
    for ask in (
        lambda: searcher.by_id(0, **options),
        lambda: searcher.by_key("dark", **options),
        lambda: searcher.by_image("no such file.png", **options),
        lambda: searcher.by_vector(np.zeros(4), **options),
    ):
        with pytest.raises(InvalidQuery, match=exactly(message)):
            ask()


def test_an_unknown_field_is_named_with_those_that_there_are(searcher: Searcher) -> None:
    with pytest.raises(
        UnknownField,
        match=exactly(
            "expected a field that an item has (id, key, label, height, width), got 'with': name one of them"
        ),
    ):
        searcher.by_id(0, where={"with": 8})


def test_a_store_that_was_compacted_since_is_answered_from_as_it_is_now(tmp_path: Path) -> None:
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


def test_everyones_neighbours_are_found_at_once(searcher: Searcher) -> None:
    found = searcher.neighbours_of_all(2)
    assert found.ids.tolist() == [0, 1, 2, 3]
    assert found.neighbours.tolist() == [[1, 2], [0, 2], [3, 1], [2, 1]]
    np.testing.assert_allclose(found.distances, [[0.4, 1.2], [0.4, 0.8], [0.4, 0.8], [0.4, 1.2]], atol=1e-6)


def test_a_label_is_predicted_by_the_vote_of_the_nearest(searcher: Searcher) -> None:
    first = searcher.predict(grey(61), k=3)
    assert (first.label, first.share, keys(first.result)) == ("low", 2 / 3, ["dark", "black", "light"])
    assert searcher.predict([grey(200), grey(0)], k=1) == [
        Prediction(None, 0.0, searcher.by_image(grey(200), 1)),
        Prediction("low", 1.0, searcher.by_image(grey(0), 1)),
    ]
    assert searcher.predict([]) == []
    assert str(first).splitlines()[-1] == "label low, 67% of the votes"


@pytest.mark.parametrize(
    ("hits", "expected"),
    [
        ([], (None, 0.0)),
        ([(None, 1)], (None, 0.0)),
        ([(None, 1), ("a", 2)], ("a", 1.0)),
        ([("a", 1), ("b", 2), ("b", 3)], ("b", 2 / 3)),
        ([("a", 1), ("b", 2), ("b", 3), ("a", 5)], ("b", 0.5)),
        ([("a", 1), ("b", 2), ("b", 3), ("a", 3)], ("a", 0.5)),
        ([("b", 1), ("a", 1)], ("b", 0.5)),
    ],
)
def test_of_labels_with_as_many_votes_the_nearer_wins(
    hits: list[tuple[str | None, float]], expected: tuple[str | None, float]
) -> None:
    voters = [Hit(rank, rank, str(rank), label, far, {}) for rank, (label, far) in enumerate(hits, start=1)]
    assert vote(voters) == expected


def test_kneighbors_has_scikit_learns_shapes_and_meaning(searcher: Searcher) -> None:
    from sklearn.neighbors import NearestNeighbors

    _, vectors = searcher.store.all_vectors()
    queries = searcher.embed([grey(61), grey(190)])
    theirs = NearestNeighbors(n_neighbors=3).fit(vectors)
    for asked in (queries, queries.astype(np.float64), None):
        expected_distances, expected_ids = theirs.kneighbors(asked)
        distances, ids = searcher.kneighbors(asked, 3)
        assert (distances.dtype.name, ids.dtype.name) == ("float64", "int64")
        np.testing.assert_array_equal(ids, expected_ids)
        np.testing.assert_allclose(distances, expected_distances, atol=1e-6)
        np.testing.assert_array_equal(searcher.kneighbors(asked, 3, return_distance=False), expected_ids)
    assert searcher.kneighbors(queries, 4)[1].shape == (2, 4)
    for asked, most in ((queries, 4), (None, 3)):
        with pytest.raises(
            InvalidQuery, match=exactly(f"expected n_neighbors of at most {most}, as many as there are, got {most + 1}")
        ):
            searcher.kneighbors(asked, most + 1)


def test_a_batch_becomes_an_arrow_table(searcher: Searcher) -> None:
    table = searcher.by_id([1, 3], k=1).to_arrow()
    assert table.schema.names == ["query", "asked", "rank", "id", "key", "label", "distance", "metadata"]
    assert table.drop_columns(["distance"]).to_pylist() == [
        {
            "query": 0,
            "asked": "item 1 (dark)",
            "rank": 1,
            "id": 0,
            "key": "black",
            "label": "low",
            "metadata": '{"height": 8, "width": 8}',
        },
        {
            "query": 1,
            "asked": "item 3 (white)",
            "rank": 1,
            "id": 2,
            "key": "light",
            "label": "high",
            "metadata": '{"height": 8, "width": 8}',
        },
    ]
    empty = searcher.by_id([]).to_arrow()
    assert (empty.num_rows, empty.schema) == (0, table.schema)


def test_results_print_as_tables_and_a_slice_of_them_too(searcher: Searcher) -> None:
    both = searcher.by_id([1, 3], k=1)
    assert str(both[0]).splitlines()[0] == "Nearest to item 1 (dark), label low"
    assert str(both) == f"{both[0]}\n{both[1]}"
    assert both[1:] == batch(result(searcher, "white", 1))
    assert len(str(both[0]).splitlines()) == 6


def test_a_notebook_shows_a_strip_of_pictures(searcher: Searcher) -> None:
    html = searcher.by_key("dark", k=2)._repr_html_()
    assert html.count("<figure") == html.count('src="data:image/png;base64,') == 3
    assert [kind for kind in ("query", "right", "wrong") if html.count(f'<figure class="{kind}"') == 1] == [
        "query",
        "right",
        "wrong",
    ]
    assert "prefers-color-scheme" not in html
    assert "<script" not in html
    assert searcher.by_id([1, 3], k=1)._repr_html_().count("<figure") == 4
    assert searcher.by_image(grey(61), k=1)._repr_html_().count('src="data:image/png;base64,') == 2
    assert QueryResult("a vector", (Hit(1, 1, "dark", None, 0.25, {}),))._repr_html_().count("no picture") == 2


def test_nothing_in_a_strip_is_taken_for_html() -> None:
    odd = '"><img src=x onerror=alert(1)>\x1b\u202e&'
    html = QueryResult(odd, (Hit(1, 0, odd, odd, 0.0, {}),))._repr_html_()
    assert "<img" not in html
    assert "\u202e" not in html
    assert "&quot;&gt;&lt;img src=x onerror=alert(1)&gt;" in html


def test_a_strip_of_many_hits_says_how_many_more_there_are() -> None:
    hits = tuple(Hit(rank, rank, str(rank), None, 0.0, {}) for rank in range(1, 1201))
    html = QueryResult("a vector", hits)._repr_html_()
    assert "and 1,150 more" in html
    assert html.count("<figure") == 52


def test_a_strip_of_a_store_that_is_gone_has_no_pictures(tmp_path: Path) -> None:
    with grey_searcher(tmp_path) as searcher:
        answer = searcher.by_id(0, k=1)
    (tmp_path / "store" / "catalog.sqlite").unlink()
    assert answer._repr_html_().count("no picture") == 2


def test_imported_items_are_asked_the_same_way(tmp_path: Path) -> None:
    with grey_searcher(tmp_path) as searcher:
        embedding = searcher.store.embedding
    with Store.create(tmp_path / "other", embedding) as store:
        store.append([NewItem("a", b"", "1", {"n": 1}), NewItem("b", b"", "2", {"n": "1"})], np.eye(2, 4))
    with Searcher.open(tmp_path / "other") as searcher:
        assert keys(searcher.by_vector(np.zeros(4), where={"n": 1})) == ["a"]  # type: ignore[arg-type]
