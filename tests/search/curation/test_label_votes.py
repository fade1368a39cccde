"""Weighted votes of neighbours for labels."""

import numpy as np
import pytest

from search.curation.label_votes import cast_votes

LABELS = "abc"


def vote(own: str, *neighbours: tuple[str, float], voters: int | None = None) -> tuple[object, ...]:
    """Return the label that wins, its margin and its evidence."""
    labels = np.array([[LABELS.index(label) for label, _ in neighbours]])
    distances = np.array([[distance for _, distance in neighbours]], np.float64)
    votes = cast_votes(np.array([LABELS.index(own)]), labels, distances, np.array([voters or len(neighbours)]))
    return LABELS[votes.predicted[0]], float(votes.margin[0]), float(votes.evidence[0])


def test_the_nearest_neighbour_has_a_weight_of_one_and_the_farthest_of_a_half() -> None:
    assert vote("a", ("a", 1), ("b", 2), ("b", 3)) == ("b", pytest.approx(1 / 9), pytest.approx(np.log(13 / 11)))
    assert vote("a", ("a", 1), ("a", 2), ("b", 3))[:2] == ("a", 0.0)


def test_neighbours_of_one_other_label_have_a_margin_of_one_and_more_of_them_are_more_evidence() -> None:
    assert vote("a", ("b", 1), ("b", 2)) == ("b", 1.0, pytest.approx(np.log(5)))
    assert vote("a", ("b", 1), ("b", 1), ("b", 1)) == ("b", 1.0, pytest.approx(np.log(7)))


def test_equally_far_neighbours_have_a_weight_of_one_each() -> None:
    assert vote("a", ("a", 0), ("b", 0), ("b", 0))[:2] == ("b", pytest.approx(1 / 3))


def test_a_tie_goes_to_the_items_own_label_or_to_that_of_the_nearest() -> None:
    assert vote("a", ("b", 1), ("a", 1))[:2] == ("a", 0.0)
    assert vote("a", ("c", 1), ("b", 1))[:2] == ("c", 0.5)


def test_neighbours_beyond_the_voters_count_for_nothing() -> None:
    assert vote("a", ("b", 1), ("a", 2), ("a", 9), voters=1) == ("b", 1.0, pytest.approx(np.log(3)))


def test_the_votes_of_many_items_are_those_of_each() -> None:
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 5, (9000, 6))
    distances = np.sort(generator.random((9000, 6)), axis=1)
    own, voters = generator.integers(0, 5, 9000), generator.integers(1, 7, 9000)
    all_votes = cast_votes(own, labels, distances, voters)
    for index in (0, 4095, 4096, 8999):
        one = slice(index, index + 1)
        votes = cast_votes(own[one], labels[one], distances[one], voters[one])
        assert votes.predicted[0] == all_votes.predicted[index]
        assert (votes.margin[0], votes.evidence[0]) == (all_votes.margin[index], all_votes.evidence[index])
