"""Measure the accuracy and the cost of every recipe, and of raw pixels, on the same splits of one source."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.measures.cached_features import cache_features, decode_all, group_by_network
from benchmarks.measures.intervals import t_interval
from benchmarks.measures.ranking import DEPTH, RECALL_AT, Ranking, rank
from benchmarks.measures.raw_pixels import have_twins, raw_pixels
from benchmarks.measures.splits import Split, labelled_images, require_test_count, select_images, shuffled_splits
from ingest.embedding.embedder import Embedder
from ingest.embedding.network.backbone import Backbone
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.recipes import Recipe
from ingest.pipeline.fitting import fit_embedder
from ingest.pipeline.progress import Progress
from ingest.sources import Source, SourceImage

SPLITS = 5

#: The fewest that have a spread.
QUICK_SPLITS = 2

#: Seconds for which images are embedded, at least, to measure the rate.
_TIMED_SECONDS = 1.0

PIXELS = "raw pixels"


@dataclass(frozen=True)
class RecipeScore:
    """The retrieval quality of a recipe, as means over the splits, and its cost.

    `ci95` is Student's interval of the mean 1-NN accuracy; `one_nn_accuracy_without_twins` excludes queries that have
    a nearly identical stored image. `images_per_second` is the rate from decoded images to vectors, and `fit_seconds`
    is the time to fit the head on cached features.
    """

    recipe: str
    one_nn_accuracy: float
    ci95: tuple[float, float]
    per_split: list[float]
    one_nn_accuracy_without_twins: float | None
    recall_at: dict[str, float]
    map_at_10: float
    map_at_r: float
    dim: int
    bytes_per_item: int
    images_per_second: float
    fit_seconds: float


@dataclass(frozen=True)
class RecipesReport:
    """The recipes' scores on a source; each split has `asked` query images and `stored` others.

    `twins` counts each split's queries that have a nearly identical stored image.
    """

    source: str
    stored: int
    asked: int
    twins: list[int]
    scores: list[RecipeScore]

    @property
    def title(self) -> str:
        """Return what was measured, as a title."""
        splits = len(self.twins)
        return f"Recipes on {self.source}: {self.asked:,} query images, {self.stored:,} stored, {splits} splits"

    def table(self) -> Table:
        """Return the report as a table to print."""
        # One column per recipe fits a terminal of 80 characters; one row per recipe would not.
        table = Table("", title=self.title, title_justify="left", min_width=len(self.title))
        for score in self.scores:
            table.add_column(score.recipe, justify="right", no_wrap=True)
        table.add_row("1-NN", *(f"{score.one_nn_accuracy:.4f}" for score in self.scores))
        table.add_row("95 % from", *(f"{score.ci95[0]:.3f}" for score in self.scores))
        table.add_row("95 % to", *(f"{score.ci95[1]:.3f}" for score in self.scores))
        table.add_row("no twins", *(_without_twins(score) for score in self.scores))
        for k in RECALL_AT[1:]:
            table.add_row(f"R@{k}", *(f"{score.recall_at[str(k)]:.4f}" for score in self.scores))
        table.add_row("mAP@10", *(f"{score.map_at_10:.4f}" for score in self.scores))
        table.add_row("mAP@R", *(f"{score.map_at_r:.4f}" for score in self.scores))
        table.add_row("dim", *(f"{score.dim:,}" for score in self.scores))
        table.add_row("bytes", *(f"{score.bytes_per_item:,}" for score in self.scores))
        table.add_row("images/s", *(f"{score.images_per_second:,.0f}" for score in self.scores))
        table.caption = f"{np.mean(self.twins):.1f} queries per split have a nearly identical stored image"
        return table


def measure_recipes(
    source: Source,
    recipes: Sequence[Recipe],
    *,
    test: int,
    splits: int = SPLITS,
    make_backbone: BackboneFactory,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_stage: Callable[[str], None] = lambda _: None,
) -> RecipesReport:
    """Fit each recipe on the stored images, embed all images, and compare the labels of queries and hits.

    A recipe with random weights gets another seed in each split. A network sees each image once for all splits: its
    features are cached in memory. Raise UnfitForBenchmark for too few images, or an image without a label.
    """
    images = labelled_images(source)
    require_test_count(source.name, len(images), test)
    drawn = shuffled_splits(len(images), test, splits)
    _, labels = np.unique([str(image.label) for image in images], return_inverse=True)
    on_stage(PIXELS)
    started = time.perf_counter()
    pixels = raw_pixels(images)
    rate = len(images) / (time.perf_counter() - started)
    twins = [have_twins(pixels[split.queries], pixels[split.stored]) for split in drawn]
    rankings = [_rank(pixels[split.stored], pixels[split.queries], split, labels) for split in drawn]
    scores = [_score(PIXELS, pixels.shape[1], rankings, twins, rate, [0.0])]
    del pixels
    for group in group_by_network(recipes):
        network = make_backbone(group[0])
        cached = cache_features(group[0], network, images)
        for recipe in group:
            on_stage(recipe.name)
            rankings, fit_seconds = [], []
            for seed, split in enumerate(drawn):
                started = time.perf_counter()
                embedder = _fit(replace(recipe, seed=seed), images, split, cached, on_progress)
                fit_seconds.append(time.perf_counter() - started)
                stored = embedder.embed(decode_all(recipe, [images[position] for position in split.stored]))
                queries = embedder.embed(decode_all(recipe, [images[position] for position in split.queries]))
                rankings.append(_rank(stored, queries, split, labels))
            rate = _embedding_rate(embedder, network, images)
            scores.append(_score(recipe.name, recipe.dim, rankings, twins, rate, fit_seconds))
    return RecipesReport(source.name, len(images) - test, test, [int(twin.sum()) for twin in twins], scores)


def _fit(
    recipe: Recipe,
    images: Sequence[SourceImage],
    split: Split,
    network: Backbone,
    on_progress: Callable[[Progress], None],
) -> Embedder:
    """Return an embedder whose head is fitted on the stored images only."""
    stored = select_images(images, split.stored, "the stored images")
    progress = Progress(len(stored), on_progress=on_progress)
    return fit_embedder(stored, recipe, "auto", lambda _, __="auto": network, progress)


def _rank(
    stored: NDArray[np.float32], queries: NDArray[np.float32], split: Split, labels: NDArray[np.int64]
) -> Ranking:
    """Rank the stored vectors of a split for its queries; `labels` are of all images."""
    return rank(stored, labels[split.stored], queries, labels[split.queries], DEPTH)


def _embedding_rate(embedder: Embedder, network: Backbone, images: Sequence[SourceImage]) -> float:
    """Return how many decoded images per second become vectors, on a network without a cache."""
    uncached = Embedder.restore(embedder.embedding(), network)
    batch = list(decode_all(embedder.recipe, images[: network.batch_size]))
    uncached.embed(batch)
    started = time.perf_counter()
    count, spent = 0, 0.0
    while spent < _TIMED_SECONDS:
        uncached.embed(batch)
        count += len(batch)
        spent = time.perf_counter() - started
    return count / spent


def _score(
    name: str,
    dim: int,
    rankings: Sequence[Ranking],
    twins: Sequence[NDArray[np.bool_]],
    images_per_second: float,
    fit_seconds: Sequence[float],
) -> RecipeScore:
    accuracies = [float(ranking.first.mean()) for ranking in rankings]
    without_twins = [
        float(ranking.first[~twin].mean()) for ranking, twin in zip(rankings, twins, strict=True) if not twin.all()
    ]
    return RecipeScore(
        recipe=name,
        one_nn_accuracy=fmean(accuracies),
        ci95=t_interval(accuracies),
        per_split=accuracies,
        one_nn_accuracy_without_twins=fmean(without_twins) if without_twins else None,
        recall_at={str(k): fmean(ranking.recall_at(k) for ranking in rankings) for k in RECALL_AT},
        map_at_10=fmean(ranking.mean_average_precision(DEPTH) for ranking in rankings),
        map_at_r=fmean(ranking.mean_average_precision_at_r() for ranking in rankings),
        dim=dim,
        bytes_per_item=dim * np.dtype(np.float32).itemsize,
        images_per_second=round(images_per_second, 1),
        fit_seconds=round(fmean(fit_seconds), 2),
    )


def _without_twins(score: RecipeScore) -> str:
    accuracy = score.one_nn_accuracy_without_twins
    return "all twins" if accuracy is None else f"{accuracy:.4f}"
