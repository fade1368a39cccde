"""The metrics, compared with values computed by hand."""

import pytest

from benchmarks.measures.metrics import confusion, mean_average_precision, recall_at, wilson_interval

TRUTH = ["a", "b", "a"]
HIT_LABELS = [["a", "b", "a"], ["a", "a", "b"], ["b", "b", "b"]]


def test_recall_counts_the_queries_with_a_right_hit_among_the_first_k() -> None:
    assert [recall_at(k, TRUTH, HIT_LABELS) for k in (1, 2, 3)] == [1 / 3, 1 / 3, 2 / 3]


def test_average_precision_rewards_right_hits_that_come_early() -> None:
    # First query: (1/1 + 2/3) of min(3, 2) possible; second: (1/3) of min(3, 5); third: nothing.
    expected = ((1 + 2 / 3) / 2 + (1 / 3) / 3 + 0) / 3
    assert mean_average_precision(3, TRUTH, HIT_LABELS, {"a": 2, "b": 5}) == pytest.approx(expected)


def test_a_label_that_is_not_stored_counts_as_zero() -> None:
    assert mean_average_precision(3, ["z"], [["a", "a", "a"]], {"a": 3}) == 0.0


def test_confusion_has_true_labels_in_rows_and_predictions_in_columns() -> None:
    assert confusion(["a", "b"], ["a", "a", "b"], ["a", "b", "b"]) == [[1, 1], [0, 1]]


def test_the_interval_is_wilsons() -> None:
    # The proportion q lies 1.96 standard deviations from each end p: (q-p)^2 = z^2 p(1-p)/n.
    for proportion, count in ((0.87, 1000), (0.5, 4), (0.0, 20)):
        for end in wilson_interval(proportion, count):
            assert (proportion - end) ** 2 == pytest.approx(1.959964**2 * end * (1 - end) / count, abs=1e-12)
    assert wilson_interval(0.5, 4) == pytest.approx((0.15004, 0.84996), abs=1e-5)
