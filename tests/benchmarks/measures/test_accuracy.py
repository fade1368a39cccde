"""Accuracy on grey images, whose nearest neighbours are known by hand."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace

import pytest

from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures.accuracy import confusion_matrix, measure_accuracy
from ingest.embedding.linalg.arrays import Float32Array
from ingest.sources import InMemorySource
from tests.errors import error_message
from tests.toys import TOY, ToyBackbone, grey_source, toy_backbone

LEVELS = {"dark": 10, "bright": 200, "odd": 90, "dark 1": 12, "dark 2": 20, "bright 1": 205, "bright 2": 220}
LABELS = {key: key.split()[0] for key in LEVELS} | {"odd": "bright"}


@pytest.fixture
def greys() -> InMemorySource:
    return grey_source(LEVELS, LABELS)


def test_each_query_image_gets_the_label_of_its_nearest_neighbour_among_the_others(greys: InMemorySource) -> None:
    report = measure_accuracy(greys, TOY, test=3, make_backbone=toy_backbone())
    # 10 is nearest to 12 and 200 to 205; 90 is 70 from 20 and 115 from 205, so that its prediction is dark.
    assert asdict(report) == {
        "recipe": "toy",
        "source": "greys",
        "train": 4,
        "test": 3,
        "one_nn_accuracy": pytest.approx(2 / 3),
        "ci95": pytest.approx((0.2077, 0.9385), abs=1e-3),
        "sklearn_one_nn_accuracy": pytest.approx(2 / 3),
        "recall_at": {"1": pytest.approx(2 / 3), "5": 1.0, "10": 1.0},
        # dark: (1 + 1)/2; bright: (1 + 1)/2; odd: third and fourth are right, (1/3 + 2/4)/2.
        "mean_average_precision": pytest.approx((1 + 1 + (1 / 3 + 2 / 4) / 2) / 3),
        "labels": ["bright", "dark"],
        "confusion": [[1, 1], [0, 1]],
        "published": None,
        "seeds": [0],
        "per_seed": [pytest.approx(2 / 3)],
    }


def test_query_images_are_neither_stored_nor_fitted_on(greys: InMemorySource) -> None:
    backbone = ToyBackbone()
    report = measure_accuracy(greys, TOY, test=3, make_backbone=toy_backbone(backbone))
    assert (report.train, report.test) == (4, 3)
    # One batch to fit and store the four, one of canaries at each end, one for the three queries, one for scikit-learn.
    assert backbone.batches == 5


def test_a_seed_shuffles_the_images_first(greys: InMemorySource) -> None:
    first, second = (measure_accuracy(greys, TOY, test=3, seed=4, make_backbone=toy_backbone()) for _ in range(2))
    assert first == second
    assert first != measure_accuracy(greys, TOY, test=3, make_backbone=toy_backbone())


def test_a_random_layer_is_measured_over_five_seeds_while_the_network_sees_each_image_once(
    greys: InMemorySource,
) -> None:
    seen: Counter[int] = Counter()

    class CountingBackbone(ToyBackbone):
        def features(self, images: Float32Array) -> Float32Array:
            seen.update(round(255 * image.flat[0]) for image in images if image.min() == image.max())
            return super().features(images)

    dense = replace(TOY, name="notebook", head="dense")
    report = measure_accuracy(greys, dense, test=3, make_backbone=toy_backbone(CountingBackbone()))
    assert report.seeds == [0, 1, 2, 3, 4]
    assert report.one_nn_accuracy == pytest.approx(sum(report.per_seed) / 5)
    assert report.published == 0.87
    assert sum(map(sum, report.confusion)) == 15
    assert {level: seen[level] for level in LEVELS.values()} == dict.fromkeys(LEVELS.values(), 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: measure_accuracy(grey_source(LEVELS, LABELS), TOY, test=7, make_backbone=toy_backbone()),
            "expected between 1 and 6 test images of the 7 in greys, got 7",
        ),
        (
            lambda: measure_accuracy(grey_source({"plain": 3, "other": 4}), TOY, test=1, make_backbone=toy_backbone()),
            "expected a label on every image, got none on 'plain': leave it out",
        ),
    ],
)
def test_a_source_that_cannot_be_measured_is_refused(make: Callable[[], object], message: str) -> None:
    assert error_message(UnfitForBenchmark, make) == message


def test_confusion_has_true_labels_in_rows_and_predictions_in_columns() -> None:
    assert confusion_matrix(["a", "b"], ["a", "a", "b"], ["a", "b", "b"]) == [[1, 1], [0, 1]]
