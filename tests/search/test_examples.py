"""Searches by several items to be like and unlike, against vectors and hits known by hand."""

from dataclasses import replace

import numpy as np
import pytest

from ingest.embedding.recipes import Recipe
from ingest.embedding.recipes.builtin import RECIPES
from search.examples import Examples
from search.results import QueryResult
from search.searcher import Searcher
from storage import Store
from storage.errors import InvalidQuery, UnknownItem
from tests.errors import exactly
from tests.search.stores import hit
from tests.toys import TOY

BLACK, DARK, LIGHT, WHITE = range(4)


def test_items_like_several_are_nearest_to_their_mean_and_none_of_them_is_a_hit(searcher: Searcher) -> None:
    result = searcher.by_examples([BLACK, LIGHT])
    assert result == QueryResult("items 0, 2", (hit(1, "dark", 0.2), hit(2, "white", 1.0)))


def test_unliked_items_push_away_by_half_their_mean(searcher: Searcher) -> None:
    result = searcher.by_examples([DARK], [WHITE])
    # Vectors are levels from the mean, 102, in steps of 2 / 255: 51 is at -0.4 and 204 at 0.8, so the query is at -0.8.
    assert result == QueryResult("item 1, unlike item 3", (hit(1, "black", 0), hit(2, "light", 1.2)))


def test_one_liked_item_has_the_hits_of_a_query_by_its_id(searcher: Searcher) -> None:
    assert searcher.by_examples([np.int64(WHITE)]).hits == searcher.by_id(WHITE).hits


def test_an_item_that_is_given_twice_counts_once(searcher: Searcher) -> None:
    assert searcher.by_examples([BLACK, LIGHT, BLACK]) == searcher.by_examples([BLACK, LIGHT])


def test_the_options_of_every_search_hold(searcher: Searcher) -> None:
    assert searcher.by_examples([BLACK, LIGHT], k=1).hits == (hit(1, "dark", 0.2),)
    assert searcher.by_examples([BLACK, LIGHT], exclude=[DARK]).hits == (hit(1, "white", 1.0),)
    assert searcher.by_examples([BLACK, WHITE], where={"label": "high"}).hits == (hit(1, "light", 0.4),)


def test_the_result_is_named_in_json_and_has_no_item(searcher: Searcher) -> None:
    assert searcher.by_examples([BLACK, LIGHT], [WHITE], k=1).as_json()["query"] == {
        "asked": "items 0, 2, unlike item 3"
    }


@pytest.mark.parametrize(
    ("like", "unlike", "error", "message"),
    [
        ([], [], InvalidQuery, "expected at least one id in `like`, got none"),
        ([], [1], InvalidQuery, "expected at least one id in `like`, got none"),
        ([0, 1], [1], InvalidQuery, "expected each id in `like` or in `unlike`, got 1 in both"),
        ("12", [], InvalidQuery, "expected a list of ids in `like`, got '12'"),
        ([0], 1, InvalidQuery, "expected a list of ids in `unlike`, got 1"),
    ],
)
def test_examples_without_meaning_are_refused(
    searcher: Searcher, like: list[int], unlike: list[int], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=exactly(message)):
        searcher.by_examples(like, unlike)


@pytest.mark.parametrize(("like", "unlike"), [([0, 9], []), ([0], [9])])
def test_an_unknown_example_is_named(searcher: Searcher, like: list[int], unlike: list[int]) -> None:
    with pytest.raises(UnknownItem, match="9"):
        searcher.by_examples(like, unlike)


def test_a_query_among_vectors_of_length_1_has_length_1() -> None:
    vectors = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)
    query = Examples((0, 1), (2,)).query_vector(vectors, unit_length=True)
    # (0.5, 0.5) - 0.5 * (-1, 0) = (1, 0.5)
    np.testing.assert_allclose(query, np.array([2, 1]) / np.sqrt(5), rtol=1e-7)
    assert query.dtype == np.float32


def test_examples_that_cancel_out_are_refused() -> None:
    opposite = np.array([[0.6, 0.8], [-0.6, -0.8]], np.float32)
    with pytest.raises(
        InvalidQuery, match=exactly("expected examples that do not cancel out, got items 4, 2: choose others")
    ):
        Examples((4, 2), ()).query_vector(opposite, unit_length=True)


@pytest.mark.parametrize(
    ("recipe", "unit_length"),
    [
        (RECIPES["notebook"], False),
        (RECIPES["retrieval"], RECIPES["retrieval"].whiten > 0),
        (RECIPES["metric"], True),
        (RECIPES["photo"], True),
        (RECIPES["photo-metric"], True),
        (replace(TOY, head="none", unit_length=True), True),
        (replace(TOY, head="none", unit_length=False), False),
    ],
)
def test_a_recipe_says_whether_its_vectors_have_length_1(recipe: Recipe, unit_length: bool) -> None:
    assert recipe.vectors_have_unit_length is unit_length


def test_a_deleted_example_is_unknown(searcher: Searcher) -> None:
    with Store.open(searcher.store.folder, writing=True) as writer:
        writer.delete(ids=[LIGHT])
    with pytest.raises(UnknownItem, match="2"):
        searcher.by_examples([BLACK, LIGHT])
