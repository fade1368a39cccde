"""Classification by the vote of the nearest items, against results known by hand."""

import pytest

from search.classify import Prediction, Predictions, classify
from search.searcher import Searcher
from storage import Hit
from tests.toys import grey


def test_a_label_is_predicted_by_the_vote_of_the_nearest(searcher: Searcher) -> None:
    first = searcher.predict(grey(61), k=3)
    assert first == Prediction("low", 2 / 3, searcher.by_image(grey(61), 3))
    assert [hit.key for hit in first.result.hits] == ["dark", "black", "light"]
    assert searcher.predict_many([]) == Predictions(())
    assert str(first).splitlines()[-1] == "label low, 67% of the votes"


def test_many_predictions_are_a_sequence_that_prints_as_its_predictions_do(searcher: Searcher) -> None:
    predictions = searcher.predict_many([grey(200), grey(0)], k=1)
    unlabelled = Prediction(None, 0.0, searcher.by_image(grey(200), 1))
    low = Prediction("low", 1.0, searcher.by_image(grey(0), 1))
    assert predictions == Predictions((unlabelled, low))
    assert (len(predictions), predictions[1], predictions[:1]) == (2, low, Predictions((unlabelled,)))
    assert str(predictions) == f"{unlabelled}\n{low}"
    assert predictions._repr_html_() == f"{unlabelled._repr_html_()}\n{low._repr_html_()}"


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
def test_among_labels_with_equally_many_votes_the_nearer_wins(
    hits: list[tuple[str | None, float]], expected: tuple[str | None, float]
) -> None:
    voters = [Hit(rank, rank, str(rank), label, far, {}) for rank, (label, far) in enumerate(hits, start=1)]
    assert classify(voters) == expected
