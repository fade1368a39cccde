"""Measure 1-NN accuracy, recall@k and mAP of a recipe on images that its store does not contain."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.measures.intervals import wilson_interval
from benchmarks.measures.ranking import DEPTH, RECALL_AT, Ranking
from benchmarks.measures.splits import labelled_images, require_test_count
from benchmarks.measures.temporary_searcher import temporary_searcher
from ingest.embedding.features import decoded_side
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.network.caching_backbone import CachingBackbone
from ingest.embedding.recipes import Recipe
from ingest.pipeline.progress import Progress
from ingest.sources import InMemorySource, Source, SourceImage

#: 1-NN accuracy that the original notebook printed, for 1,000 queries among 4,000 other digits of MNIST.
PUBLISHED = {"notebook": 0.87}

#: Seeds of the random dense layer of the notebook's recipe: a single one would measure chance.
DENSE_SEEDS = (0, 1, 2, 3, 4)

#: Images in the cache besides those of the source: the black one that pads batches, and the embedder's canary images.
_OTHER_IMAGES = 64


@dataclass(frozen=True)
class AccuracyReport:
    """1-NN accuracy with its 95 % interval (Wilson), recall@k, mAP@10, and the confusion matrix summed over the seeds.

    `train` and `test` count the stored images and the queries. `sklearn_one_nn_accuracy` is that of scikit-learn's
    exact search on the same vectors. For a recipe with a random layer every number is the mean over `seeds`, and
    `per_seed` has the accuracy of each.
    """

    recipe: str
    source: str
    train: int
    test: int
    one_nn_accuracy: float
    ci95: tuple[float, float]
    sklearn_one_nn_accuracy: float
    recall_at: dict[str, float]
    mean_average_precision: float
    labels: list[str]
    confusion: list[list[int]]
    published: float | None
    seeds: list[int]
    per_seed: list[float]

    def table(self) -> Table:
        """Return the report as a table to print."""
        table = Table(title=f"Accuracy: {self.recipe} on {self.source}", title_justify="left", show_header=False)
        low, high = self.ci95
        table.add_row("images", f"{self.train:,} stored, {self.test:,} queries")
        table.add_row("1-NN accuracy", f"{self.one_nn_accuracy:.4f} (95 %: {low:.4f} to {high:.4f})")
        if len(self.per_seed) > 1:
            table.add_row("  by seed", ", ".join(f"{share:.4f}" for share in self.per_seed))
        if self.published is not None:
            table.add_row("  published", f"{self.published:.4f}")
        table.add_row("  by scikit-learn", f"{self.sklearn_one_nn_accuracy:.4f}")
        for k, share in self.recall_at.items():
            table.add_row(f"recall@{k}", f"{share:.4f}")
        table.add_row(f"mAP@{DEPTH}", f"{self.mean_average_precision:.4f}")
        return table


def measure_accuracy(
    source: Source,
    recipe: Recipe,
    *,
    test: int,
    seed: int | None = None,
    make_backbone: BackboneFactory,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> AccuracyReport:
    """Ingest all but `test` images into a temporary store, query it with the others, and compare the labels.

    The first `test` images are the queries, as in the notebook; with a seed the images are shuffled first. Heads are
    fitted on the stored images only. Raise UnfitForBenchmark for too few images, or an image without a label.
    """
    queries, stored = _split(source, test, seed)
    truth = np.array([str(image.label) for image in queries])
    names = sorted({str(image.label) for image in (*queries, *stored)})
    counts = Counter(str(image.label) for image in stored)
    relevant = np.array([counts[label] for label in truth.tolist()])
    seeds = DENSE_SEEDS if recipe.head == "dense" else (recipe.seed,)
    backbone = make_backbone(recipe)
    if len(seeds) > 1:
        # The seeds change only the head, so the network needs to see each image only once.
        backbone = CachingBackbone(backbone, capacity=len(queries) + len(stored) + _OTHER_IMAGES)
    rankings, confusions, sklearn_accuracies = [], [], []
    for dense_seed in seeds:
        hit_labels, sklearn_labels = _search(
            queries, stored, replace(recipe, seed=dense_seed), lambda _, __="auto": backbone, on_progress
        )
        rankings.append(Ranking(hit_labels == truth[:, np.newaxis], relevant))
        confusions.append(confusion_matrix(names, truth.tolist(), hit_labels[:, 0].tolist()))
        sklearn_accuracies.append(float((sklearn_labels == truth).mean()))
    per_seed = [float(ranking.first.mean()) for ranking in rankings]
    accuracy = fmean(per_seed)
    return AccuracyReport(
        recipe=recipe.name,
        source=source.name,
        train=len(stored),
        test=len(queries),
        one_nn_accuracy=accuracy,
        ci95=wilson_interval(accuracy, len(queries)),
        sklearn_one_nn_accuracy=fmean(sklearn_accuracies),
        recall_at={str(k): fmean(ranking.recall_at(k) for ranking in rankings) for k in RECALL_AT},
        mean_average_precision=fmean(ranking.mean_average_precision(DEPTH) for ranking in rankings),
        labels=names,
        confusion=np.sum(confusions, axis=0).tolist(),
        published=PUBLISHED.get(recipe.name),
        seeds=list(seeds),
        per_seed=per_seed,
    )


def _split(source: Source, test: int, seed: int | None) -> tuple[list[SourceImage], list[SourceImage]]:
    images = labelled_images(source)
    require_test_count(source.name, len(images), test)
    if seed is not None:
        images = [images[index] for index in np.random.RandomState(seed).permutation(len(images))]
    return images[:test], images[test:]


def _search(
    queries: Sequence[SourceImage],
    stored: Sequence[SourceImage],
    recipe: Recipe,
    make_backbone: BackboneFactory,
    on_progress: Callable[[Progress], None],
) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Return the labels of each query's hits, (queries, DEPTH), and of its nearest neighbour by scikit-learn."""
    source = InMemorySource("the stored images", stored)
    with temporary_searcher(source, recipe, make_backbone, on_progress) as searcher:
        images = [image.decoded(decoded_side(recipe)) for image in queries]
        hit_labels = [[str(hit.label) for hit in result.hits] for result in searcher.by_images(images, DEPTH)]
        ids, vectors = searcher.store.all_vectors()
        nearest = _nearest_by_sklearn(vectors, searcher.embed(images))
        sklearn_labels = [str(item.label) for item in searcher.store.items(ids[nearest].tolist())]
    return np.array(hit_labels), np.array(sklearn_labels)


def _nearest_by_sklearn(vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the position of each query's nearest vector, searched exhaustively in float64."""
    from sklearn.neighbors import NearestNeighbors

    neighbours = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(vectors.astype(np.float64))
    positions: NDArray[np.int64] = neighbours.kneighbors(queries.astype(np.float64), return_distance=False)
    return positions[:, 0]


def confusion_matrix(names: Sequence[str], truth: Sequence[str], predicted: Sequence[str]) -> list[list[int]]:
    """Return counts by true label (rows) and predicted label (columns), both in the order of `names`."""
    position = {name: index for index, name in enumerate(names)}
    matrix = [[0] * len(names) for _ in names]
    for label, guess in zip(truth, predicted, strict=True):
        matrix[position[label]][position[guess]] += 1
    return matrix
