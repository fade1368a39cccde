"""Rankings, compared with all distances, and their metrics, compared with values computed by hand."""

import numpy as np
import pytest

from benchmarks.measures.ranking import Ranking, rank


def ranked(*rows: str, relevant: list[int]) -> Ranking:
    """Return a ranking from rows of x, a right hit, and dots."""
    return Ranking(np.array([[hit == "x" for hit in row] for row in rows]), np.array(relevant))


def test_vectors_are_ranked_by_distance_and_compared_by_label() -> None:
    stored = np.array([[0], [1], [3], [7]], np.float32)
    ranking = rank(stored, np.array([0, 1, 0, 1]), np.array([[2.5], [0.1]], np.float32), np.array([0, 1]), min_depth=4)
    # 2.5 is nearest to 3, 1, 0 and 7; 0.1 to 0, 1, 3 and 7.
    assert ranking.right.tolist() == [[True, False, True, False], [False, True, False, True]]
    assert ranking.relevant.tolist() == [2, 2]


def test_equal_distances_are_ordered_by_position() -> None:
    stored = np.array([[1], [-1], [1]], np.float32)
    ranking = rank(stored, np.array([0, 1, 0]), np.array([[0]], np.float32), np.array([1]), min_depth=3)
    assert ranking.right.tolist() == [[False, True, False]]


def test_a_ranking_is_as_deep_as_the_queries_most_frequent_label_has_items() -> None:
    stored = np.arange(10, dtype=np.float32)[:, np.newaxis]
    labels = np.array([0] * 6 + [1] * 4)
    for label, depth in ((1, 4), (0, 6)):
        assert rank(stored, labels, stored[:1], np.array([label]), min_depth=2).right.shape == (1, depth)
    assert rank(stored, labels, stored[:1], np.array([0]), min_depth=50).right.shape == (1, 10)


def test_a_query_whose_label_is_not_stored_has_no_right_hit() -> None:
    ranking = rank(np.ones((3, 2), np.float32), np.zeros(3, int), np.ones((1, 2), np.float32), np.array([5]), 2)
    assert (ranking.relevant.tolist(), ranking.mean_average_precision_at_r(), ranking.recall_at(2)) == ([0], 0.0, 0.0)
    assert ranking.mean_average_precision(2) == 0.0


def test_average_precision_rewards_right_hits_that_come_early() -> None:
    # First query: (1/1 + 2/3) of min(3, 2) possible; second: (1/3) of min(3, 5); third: nothing.
    expected = ((1 + 2 / 3) / 2 + (1 / 3) / 3 + 0) / 3
    ranking = ranked("x.x", "..x", "...", relevant=[2, 5, 2])
    assert ranking.mean_average_precision(3) == pytest.approx(expected)


def test_average_precision_counts_only_the_first_k_hits() -> None:
    # First query: 1/1 of min(2, 5) possible; second: (1/2) of min(2, 5).
    assert ranked("x.x", ".xx", relevant=[5, 5]).mean_average_precision(2) == pytest.approx((1 / 2 + 1 / 4) / 2)


def test_map_at_r_scores_as_many_hits_as_there_are_items_of_the_label() -> None:
    # The third hit of the first query is right, but there are but two such items: (1/1 + 0)/2; then (1/1 + 2/2 + 0)/3.
    ranking = ranked("x.x", "xx.", relevant=[2, 3])
    assert ranking.mean_average_precision_at_r() == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_recall_counts_queries_with_a_right_hit() -> None:
    ranking = ranked("..x", "x..", "...", relevant=[1, 1, 1])
    assert [ranking.recall_at(k) for k in (1, 2, 3)] == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    assert ranking.first.tolist() == [False, True, False]


def test_a_ranking_is_that_of_all_distances_in_float64() -> None:
    generator = np.random.default_rng(6)
    labels, query_labels = generator.integers(0, 4, 60), generator.integers(0, 4, 20)
    stored, queries = (generator.standard_normal((n, 3)).astype(np.float32) for n in (60, 20))
    ranking = rank(stored, labels, queries, query_labels, min_depth=60)
    distances = np.linalg.norm(queries[:, np.newaxis].astype(np.float64) - stored[np.newaxis], axis=2)
    hit_labels = labels[np.argsort(distances, axis=1, kind="stable")]
    np.testing.assert_array_equal(ranking.right, hit_labels == query_labels[:, np.newaxis])
    assert ranking.relevant.tolist() == [labels.tolist().count(label) for label in query_labels.tolist()]
