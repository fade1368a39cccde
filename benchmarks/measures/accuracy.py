"""How often the nearest neighbour has the right label: the whole system on images it has not seen."""

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.measures import metrics
from benchmarks.measures.splits import labelled_images, require_test
from ingest.embedding.network.backbone import CachingBackbone, MakeBackbone
from ingest.embedding.network.backbone_factory import vgg16_backbone
from ingest.embedding.recipes import Recipe
from ingest.job import ingest
from ingest.pipeline.progress import Progress
from ingest.sources import InMemorySource, Source, SourceImage
from search import Searcher

#: What the original notebook printed, on 4,000 and 1,000 other digits.
PUBLISHED = {"notebook": 0.87}

#: Seeds of the notebook's untrained layer: one alone would measure luck.
DENSE_SEEDS = (0, 1, 2, 3, 4)

RECALL_AT = (1, 5, 10)
DEPTH = max(RECALL_AT)


@dataclass(frozen=True)
class AccuracyReport:
    """1-NN accuracy with its 95 % interval (Wilson), recall@k, mAP@10 and the confusions, summed over the seeds.

    `sklearn_one_nn_accuracy` is what scikit-learn's exact search gives on the same vectors. For a recipe with an
    untrained layer every figure is the mean over `seeds`, and `per_seed` has the accuracy of each.
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

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)

    def table(self) -> Table:
        """Return the report as a table to print."""
        table = Table(title=f"Accuracy: {self.recipe} on {self.source}", title_justify="left", show_header=False)
        low, high = self.ci95
        table.add_row("images", f"{self.train:,} to search in, {self.test:,} asked")
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
    make_backbone: MakeBackbone | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> AccuracyReport:
    """Ingest all but `test` images into a temporary store, ask with the others, and compare the labels.

    The first `test` images are asked with, as in the notebook; with a seed the images are shuffled first. Heads
    are fitted on the others only. Raise UnfitForBenchmark when there are too few images, or some without a label.
    """
    asked, stored = _split(source, test, seed)
    wanted = [str(image.label) for image in asked]
    names = sorted({str(image.label) for image in (*asked, *stored)})
    relevant = Counter(str(image.label) for image in stored)
    seeds = DENSE_SEEDS if recipe.head == "dense" else (recipe.seed,)
    # The seeds differ in the head alone, so the network need see an image only once.
    network = (make_backbone or vgg16_backbone())(recipe)
    backbone = CachingBackbone(network, capacity=len(asked) + len(stored) + 1) if len(seeds) > 1 else network
    found: list[list[list[str]]] = []
    by_sklearn: list[float] = []
    for dense_seed in seeds:
        hits, sklearn_labels = _ask(
            asked, stored, replace(recipe, seed=dense_seed), lambda _, __="auto": backbone, on_progress
        )
        found.append(hits)
        by_sklearn.append(_share(wanted, sklearn_labels))
    first = [[hits[0] for hits in one] for one in found]
    per_seed = [_share(wanted, predicted) for predicted in first]
    accuracy = float(np.mean(per_seed))
    matrices = np.sum([metrics.confusion(names, wanted, predicted) for predicted in first], axis=0)
    return AccuracyReport(
        recipe=recipe.name,
        source=source.name,
        train=len(stored),
        test=len(asked),
        one_nn_accuracy=accuracy,
        ci95=metrics.wilson_interval(accuracy, len(asked)),
        sklearn_one_nn_accuracy=float(np.mean(by_sklearn)),
        recall_at={str(k): float(np.mean([metrics.recall_at(k, wanted, one) for one in found])) for k in RECALL_AT},
        mean_average_precision=float(
            np.mean([metrics.mean_average_precision(DEPTH, wanted, one, relevant) for one in found])
        ),
        labels=names,
        confusion=matrices.tolist(),
        published=PUBLISHED.get(recipe.name),
        seeds=list(seeds),
        per_seed=per_seed,
    )


def _split(source: Source, test: int, seed: int | None) -> tuple[list[SourceImage], list[SourceImage]]:
    images = labelled_images(source)
    require_test(source.name, len(images), test)
    if seed is not None:
        images = [images[index] for index in np.random.RandomState(seed).permutation(len(images))]
    return images[:test], images[test:]


def _ask(
    asked: Sequence[SourceImage],
    stored: Sequence[SourceImage],
    recipe: Recipe,
    make_backbone: MakeBackbone,
    on_progress: Callable[[Progress], None],
) -> tuple[list[list[str]], list[str]]:
    """Return the labels of each asked image's hits, and of its nearest neighbour as scikit-learn finds it."""
    with tempfile.TemporaryDirectory(prefix="lookalike-") as folder:
        place = Path(folder, "store")
        ingest(
            InMemorySource("the images to search in", stored),
            place,
            recipe=recipe,
            make_backbone=make_backbone,
            on_progress=on_progress,
        )
        with Searcher.open(place, make_backbone=make_backbone) as searcher:
            pictures = [image.decoded() for image in asked]
            found = [[str(hit.label) for hit in result.hits] for result in searcher.by_image(pictures, DEPTH)]
            ids, vectors = searcher.store.all_vectors()
            nearest = _nearest_by_sklearn(vectors, searcher.embed(pictures))
            labels = [str(item.label) for item in searcher.store.items(ids[nearest].tolist())]
    return found, labels


def _nearest_by_sklearn(vectors: Any, queries: Any) -> Any:
    from sklearn.neighbors import NearestNeighbors

    searched = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(vectors.astype(np.float64))
    return searched.kneighbors(queries.astype(np.float64), return_distance=False)[:, 0]


def _share(wanted: Sequence[str], predicted: Sequence[str]) -> float:
    return sum(truth == guess for truth, guess in zip(wanted, predicted, strict=True)) / len(wanted)
