"""MNIST and Fashion-MNIST by the split that they came with: 10,000 test images searched among up to 60,000 others."""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures.cached_features import cache_features, decode_all, group_by_network
from benchmarks.measures.intervals import wilson_interval
from benchmarks.measures.published_errors import PUBLISHED_ERRORS, PublishedError
from benchmarks.measures.raw_pixels import raw_pixels
from benchmarks.measures.splits import labelled_images
from ingest.embedding.network.backbone import Backbone
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.recipes import Recipe
from ingest.errors import SourceUnusable
from ingest.pipeline.fitting import fit_embedder
from ingest.pipeline.progress import Progress
from ingest.sources import InMemorySource, Source, SourceImage, open_source
from storage.nearest.exact import nearest
from storage.nearest.faiss_flat import FaissFlat

#: How many images are stored, the first of the training part: for the last of these, with several seeds.
SIZES = (1_000, 4_000, 15_000, 60_000)

#: Seeds of heads that are drawn or trained, with the most stored images.
SEEDS = 3

PIXELS = "raw pixels"

#: The data sets that came with this split.
DATASETS = ("mnist", "fashion-mnist")

#: Heads whose vectors depend on the seed more than by rounding.
_HEADS_OF_CHANCE = ("dense", "trained")


@dataclass(frozen=True)
class SplitScore:
    """The 1-NN error of a recipe with so many stored images: of each seed, and their mean with Wilson's interval.

    `fit_seconds` is the time in which a head was fitted on features of the stored images that were there already, with
    those of augmented copies computed in it if it is trained on any; `fit_processor_seconds` that of all threads.
    """

    recipe: str
    stored: int
    per_seed: list[float]
    error: float
    ci95: tuple[float, float]
    fit_seconds: float
    fit_processor_seconds: float


@dataclass(frozen=True)
class StandardSplitReport:
    """The scores by recipe, then by the number of stored images, and what others published on the same split."""

    source: str
    queries: int
    scores: list[SplitScore]
    published: list[PublishedError]

    @property
    def largest(self) -> list[SplitScore]:
        """Return the scores with the most stored images, one a recipe."""
        most = max(score.stored for score in self.scores)
        return [score for score in self.scores if score.stored == most]

    def table(self) -> Table:
        """Return the report as a table to print."""
        sizes = sorted({score.stored for score in self.scores})
        table = Table("1-NN error", title=f"{self.source}: {self.queries:,} test images", title_justify="left")
        for size in sizes:
            table.add_column(f"{size:,} stored", justify="right")
        for recipe in dict.fromkeys(score.recipe for score in self.scores):
            errors = {score.stored: f"{score.error:.2%}" for score in self.scores if score.recipe == recipe}
            table.add_row(recipe, *(errors.get(size, "") for size in sizes))
        for row in self.published:
            table.add_row(f"published: {row.method}", *("" for _ in sizes[1:]), f"{row.error:.2%}")
        return table


def installed_datasets() -> dict[str, Source]:
    """Return the data sets of this split that are installed, by name."""
    installed: dict[str, Source] = {}
    for name in DATASETS:
        with suppress(SourceUnusable):
            installed[name] = open_source(name)
    return installed


def measure_standard_split(
    source: Source,
    recipes: Sequence[Recipe],
    *,
    sizes: Sequence[int] = SIZES,
    seeds: int = SEEDS,
    make_backbone: BackboneFactory,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_stage: Callable[[str], None] = lambda _: None,
) -> StandardSplitReport:
    """Fit each recipe on the first of the training images, as many as a size, and classify all test images.

    Sizes above the number of training images become that number. Raise UnfitForBenchmark for a source without the
    splits "train" and "test", or with an image without a label.
    """
    images = labelled_images(source)
    training, test = (
        [image for image in images if image.metadata.get("split") == split] for split in ("train", "test")
    )
    if not training or not test:
        raise UnfitForBenchmark(
            f"expected images of the splits train and test in {source.name}, got {len(training)} and {len(test)}: "
            "name mnist, mnist:FILE.tgz or fashion-mnist"
        )
    counts = sorted({min(size, len(training)) for size in sizes})
    labels, test_labels = (np.array([str(image.label) for image in part]) for part in (training, test))
    on_stage(PIXELS)
    pixels = raw_pixels([*training, *test])
    by_pixels = [(count, _Vectors(pixels[:count], pixels[len(training) :])) for count in counts]
    scores = [_score(PIXELS, [vectors], labels[:count], test_labels) for count, vectors in by_pixels]
    for group in group_by_network(recipes):
        on_stage(f"{', '.join(recipe.name for recipe in group)}: features of {len(images):,} images")
        network = cache_features(group[0], make_backbone(group[0]), [*training, *test])
        for recipe in group:
            for count in counts:
                several = count == counts[-1] and recipe.head in _HEADS_OF_CHANCE
                on_stage(f"{recipe.name}: {count:,} stored")
                vectors = (
                    _vectors(replace(recipe, seed=seed), network, training[:count], test, on_progress)
                    for seed in (range(seeds) if several else [recipe.seed])
                )
                scores.append(_score(recipe.name, vectors, labels[:count], test_labels))
    published = [row for row in PUBLISHED_ERRORS if row.source == source.name]
    return StandardSplitReport(source.name, len(test), scores, published)


@dataclass(frozen=True)
class _Vectors:
    """Vectors of the stored images, (n, dim), and the queries, (q, dim), and the seconds that fitting the head took."""

    stored: NDArray[np.float32]
    queries: NDArray[np.float32]
    fit_seconds: float = 0.0
    fit_processor_seconds: float = 0.0


def _vectors(
    recipe: Recipe,
    network: Backbone,
    stored: Sequence[SourceImage],
    test: Sequence[SourceImage],
    on_progress: Callable[[Progress], None],
) -> _Vectors:
    """Fit a recipe's head on the stored images, and embed all."""
    source = InMemorySource("the stored images", stored)
    started, processor = time.perf_counter(), time.process_time()
    embedder = fit_embedder(
        source, recipe, "auto", lambda _, __="auto": network, Progress(len(stored), on_progress=on_progress)
    )
    seconds, processor_seconds = time.perf_counter() - started, time.process_time() - processor
    vectors = [embedder.embed(decode_all(recipe, images)) for images in (stored, test)]
    return _Vectors(vectors[0], vectors[1], seconds, processor_seconds)


def _score(
    recipe: str, seeds: Iterable[_Vectors], labels: NDArray[np.str_], test_labels: NDArray[np.str_]
) -> SplitScore:
    """Return the score of a recipe's vectors, by seed; the labels are those of the stored images and the queries."""
    errors, seconds, processor_seconds = [], [], []
    for vectors in seeds:
        index = FaissFlat(vectors.stored.shape[1])
        index.add(vectors.stored)
        found = labels[nearest(index, vectors.queries, 1).positions]
        errors.append(float((found != test_labels).mean()))
        seconds.append(vectors.fit_seconds)
        processor_seconds.append(vectors.fit_processor_seconds)
    error = fmean(errors)
    return SplitScore(
        recipe,
        len(labels),
        errors,
        error,
        wilson_interval(error, len(test_labels)),
        round(fmean(seconds), 2),
        round(fmean(processor_seconds), 2),
    )
