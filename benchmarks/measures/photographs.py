"""Measure the recipe for photographs: labels, altered copies, and the time from an image file to the answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures.altered_copies import ALTERATIONS, copies_in_chunks
from benchmarks.measures.colour_histogram import colour_histograms
from benchmarks.measures.debian_pictures import Pictures
from benchmarks.measures.image_query_times import ImageQueryTimes, time_image_queries
from benchmarks.measures.intervals import mean_interval, wilson_interval
from benchmarks.measures.temporary_searcher import temporary_searcher
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.recipes import PHOTO, RETRIEVAL, Recipe
from ingest.images.images import Image
from ingest.pipeline.progress import Progress
from ingest.sources import InMemorySource, SourceImage, decode_readable
from search import Searcher
from storage.console import right_aligned

#: Neighbours that precision is measured over.
PRECISION_AT = 5

#: The name of the baseline in the report.
HISTOGRAM = "colour histogram"

#: The name in the report of the share of copies that find their original.
COPIES = "copies, recall@1"

#: The longer side, in pixels, to which a photograph is shrunk before it is altered.
_COPY_SIDE = 1024

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[Image]], Vectors]


@dataclass(frozen=True)
class Effort:
    """How many pictures are measured, and how often a query is timed in a new process and in a running one."""

    drawings: int
    photographs: int
    cold: int
    warm: int


FULL = Effort(drawings=600, photographs=30, cold=5, warm=20)
QUICK = Effort(drawings=40, photographs=4, cold=1, warm=3)


@dataclass(frozen=True)
class Score:
    """How well vectors tell pictures apart: shares with 95 % intervals, and the recall@1 of each kind of copy.

    `one_nn_accuracy` and `precision_at_5` are of drawings among all others, by their labels; `copies_recall_at_1` is of
    altered copies of photographs among photographs and drawings. Intervals are Wilson's, that of the precision is of a
    mean; copies of one photograph are counted as if they were independent.
    """

    name: str
    one_nn_accuracy: float
    one_nn_ci95: tuple[float, float]
    precision_at_5: float
    precision_ci95: tuple[float, float]
    copies_recall_at_1: float
    copies_ci95: tuple[float, float]
    recall_by_kind: Mapping[str, float]

    @property
    def shares(self) -> dict[str, tuple[float, tuple[float, float]]]:
        """Return each share with its interval, by its name in the report."""
        return {
            "1-NN accuracy": (self.one_nn_accuracy, self.one_nn_ci95),
            "precision@5": (self.precision_at_5, self.precision_ci95),
            COPIES: (self.copies_recall_at_1, self.copies_ci95),
        }

    @property
    def texts(self) -> dict[str, str]:
        """Return each share with its interval to read, by its name in the report."""
        return {name: f"{share:.3f} ({low:.3f} to {high:.3f})" for name, (share, (low, high)) in self.shares.items()}


@dataclass(frozen=True)
class PhotographsReport:
    """The scores of recipes and of a colour histogram, and the times of the first recipe's queries."""

    drawings: int
    labels: int
    photographs: int
    copies: int
    scores: Sequence[Score]
    times: ImageQueryTimes

    def table(self) -> Table:
        """Return the report as a table to print."""
        drawings = f"{self.drawings:,} drawings with {self.labels} labels"
        title = f"{drawings}, {self.copies:,} copies of {self.photographs} photographs"
        table = Table("", *right_aligned(*self.scores[0].texts), title=title, title_justify="left")
        for score in self.scores:
            table.add_row(score.name, *score.texts.values())
        table.caption = (
            f"From {self.times.image} ({self.times.megapixels:.1f} megapixels) to the answer: {self.times.cold} in a "
            f"new process, {self.times.warm} in a running one"
        )
        return table


def measure_photographs(
    pictures: Pictures,
    effort: Effort,
    *,
    make_backbone: BackboneFactory,
    weights: Path | None = None,
    recipes: Sequence[Recipe] = (PHOTO, RETRIEVAL),
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_stage: Callable[[str], None] = lambda _: None,
) -> PhotographsReport:
    """Score recipes and colour histograms on the pictures, and time image queries of the first recipe's store.

    Unreadable pictures are left out. `weights` is the file that `make_backbone` was made from, for queries in a new
    process. Raise UnfitForBenchmark for a recipe whose head is fitted on labels.
    """
    for recipe in recipes:
        if recipe.needs_labels:
            raise UnfitForBenchmark(
                f"expected a recipe without labels, got {recipe.name}: its head is fitted on those that it is asked "
                "for here, which is no measurement; `python -m benchmarks accuracy` asks for others"
            )
    drawings = [drawing for drawing, _ in decode_readable(pictures.drawings)]
    photographs = [photograph for photograph, _ in decode_readable(pictures.photographs)]
    images = [*drawings, *photographs]
    scores = []
    for recipe in recipes:
        on_stage(f"{recipe.name}: {len(images):,} pictures and {len(ALTERATIONS)} copies of each photograph")
        source = InMemorySource("pictures", images)
        with temporary_searcher(source, recipe, make_backbone, on_progress) as searcher:
            scores.append(_score_recipe(recipe, searcher, photographs))
            if recipe is recipes[0]:
                on_stage("from an image file to the answer")
                times = time_image_queries(searcher, photographs, weights, cold=effort.cold, warm=effort.warm)
    on_stage(HISTOGRAM)
    scores.append(_score_histograms(images, photographs))
    return PhotographsReport(
        drawings=len(drawings),
        labels=len({image.label for image in drawings}),
        photographs=len(photographs),
        copies=len(photographs) * len(ALTERATIONS),
        scores=scores,
        times=times,
    )


def _score_recipe(recipe: Recipe, searcher: Searcher, photographs: Sequence[SourceImage]) -> Score:
    items = searcher.store.items()
    _, vectors = searcher.store.all_vectors()
    stored = [(item.key, item.label) for item in items]
    return score(recipe.name, stored, vectors, photographs, searcher.embed)


def _score_histograms(images: Sequence[SourceImage], photographs: Sequence[SourceImage]) -> Score:
    stored = []
    vectors = []
    for source_image, image in decode_readable(images):
        stored.append((source_image.key, source_image.label))
        vectors.append(colour_histograms([image]))
    return score(HISTOGRAM, stored, np.concatenate(vectors), photographs, colour_histograms)


def score(
    name: str,
    stored: Sequence[tuple[str, str | None]],
    vectors: Vectors,
    photographs: Sequence[SourceImage],
    embed: Embed,
) -> Score:
    """Score vectors, (n, dim), by the keys and labels of their pictures, and by copies of the photographs.

    The labelled pictures are compared with all others that are labelled (leave-one-out), copies with all pictures.
    """
    labels = np.array([label for _, label in stored if label is not None])
    labelled = vectors[[label is not None for _, label in stored]]
    right = labels[nearest(labelled, labelled, PRECISION_AT, leave_one_out=True)] == labels[:, np.newaxis]
    first, precisions = right[:, 0], right.mean(axis=1)
    keys = [key for key, _ in stored]
    found: dict[str, list[bool]] = {kind: [] for kind in ALTERATIONS}
    for chunk in copies_in_chunks(photographs, _COPY_SIDE):
        positions = nearest(vectors, embed([copy for _, _, copy in chunk]), 1)[:, 0].tolist()
        for (key, kind, _), position in zip(chunk, positions, strict=True):
            found[kind].append(keys[position] == key)
    copies = [hit for hits in found.values() for hit in hits]
    accuracy, recall = float(first.mean()), float(np.mean(copies))
    return Score(
        name,
        accuracy,
        wilson_interval(accuracy, len(first)),
        float(precisions.mean()),
        mean_interval(precisions),
        recall,
        wilson_interval(recall, len(copies)),
        {kind: float(np.mean(hits)) for kind, hits in found.items()},
    )


def nearest(stored: Vectors, queries: Vectors, k: int, *, leave_one_out: bool = False) -> NDArray[np.int64]:
    """Return the positions of each query's k nearest stored vectors, (queries, k), by distance in float64.

    With `leave_one_out` the queries are the stored vectors, and none is its own neighbour.
    """
    rows = stored.astype(np.float64)
    positions = np.empty((len(queries), k), np.int64)
    for index, query in enumerate(queries.astype(np.float64)):
        distances = np.square(rows - query).sum(axis=1)
        if leave_one_out:
            distances[index] = np.inf
        positions[index] = np.argsort(distances, kind="stable")[:k]
    return positions
