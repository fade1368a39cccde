"""What votes are worth, by labels that are moved at random."""

import numpy as np
import pytest
from numpy.typing import NDArray

from search.curation.vote_trial import Neighbourhoods, try_votes


def overlapping_labels(wrong: float) -> tuple[Neighbourhoods, NDArray[np.bool_]]:
    """Return 2,000 points on a line, three labels that overlap, and which of them, a share, have a wrong label."""
    generator = np.random.default_rng(11)
    right = generator.integers(0, 3, 2000)
    points = np.sort(generator.normal(5.0 * right, 1.0)[np.argsort(right, kind="stable")])
    distances = np.abs(points[:, None] - points)
    np.fill_diagonal(distances, np.inf)
    neighbours = np.argsort(distances, axis=1, kind="stable")[:, :20]
    # A point's label is as likely as the density of each label's points there.
    density = np.exp(-np.square(points[:, None] - 5.0 * np.arange(3)) / 2)
    labels = (generator.random((2000, 1)) > np.cumsum(density / density.sum(axis=1, keepdims=True), axis=1)).sum(axis=1)
    is_wrong = generator.permutation(2000) < wrong * 2000
    labels[is_wrong] = (labels[is_wrong] + generator.integers(1, 3, is_wrong.sum())) % 3
    nearest = np.take_along_axis(distances, neighbours, axis=1)
    return Neighbourhoods(labels, neighbours, nearest, labels, np.full(2000, 20)), is_wrong


@pytest.mark.parametrize("wrong", [0.02, 0.05, 0.1])
def test_as_many_labels_are_wrong_as_is_expected_whatever_their_share(wrong: float) -> None:
    neighbourhoods, is_wrong = overlapping_labels(wrong)
    trial = try_votes(neighbourhoods)
    votes = neighbourhoods.votes(neighbourhoods.labels)
    against = votes.predicted != neighbourhoods.own
    assert trial is not None
    expected = trial.confidence(votes.evidence[against]).sum()
    assert expected == pytest.approx(np.count_nonzero(is_wrong[against]), rel=0.25)
