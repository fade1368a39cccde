"""Every recipe, and raw pixels, on the same splits of one source: how well each retrieves, and what it costs."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.measures.metrics import t_interval
from benchmarks.measures.ranking import Ranking, rank
from benchmarks.measures.raw_pixels import have_twins, raw_pixels
from benchmarks.measures.splits import Split, chosen, labelled_images, require_test, shuffled_splits
from ingest.embedding.embedder import Embedder
from ingest.embedding.features import features_of, network_input
from ingest.embedding.network.backbone import Backbone, CachingBackbone, MakeBackbone
from ingest.embedding.network.backbone_factory import vgg16_backbone
from ingest.embedding.recipes import Recipe
from ingest.images.images import Image
from ingest.pipeline.fitting import fit_embedder
from ingest.pipeline.progress import Progress
from ingest.sources import Source, SourceImage

SPLITS = 5

#: A first look, in about a minute, most of it the network for photographs.
QUICK_SPLITS = 3

RECALL_AT = (1, 5, 10)
DEPTH = max(RECALL_AT)

#: Images are embedded for at least so many seconds to tell how many are done in one.
_TIMED = 1.0

PIXELS = "raw pixels"


@dataclass(frozen=True)
class RecipeScore:
    """How well a recipe retrieves, as means over the splits, and what it costs.

    `ci95` is Student's interval of the mean 1-NN accuracy; `one_nn_accuracy_without_twins` leaves out the queries
    that have a near-identical image among the stored. `images_per_second` are embedded from decoded images, and
    `fit_seconds` are what the head takes when the stored images' own features are known.
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
    """The recipes' scores on a source; `twins` are the queries with a near-identical stored image, split by split."""

    source: str
    stored: int
    asked: int
    twins: list[int]
    scores: list[RecipeScore]

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)

    def table(self) -> Table:
        """Return the report as a table to print."""
        title = f"Recipes on {self.source}: {self.asked:,} images asked of {self.stored:,}, {len(self.twins)} splits"
        # A column a recipe, which fits a terminal of 80 characters; a row a recipe would be cut there.
        table = Table("", title=title, title_justify="left", min_width=len(title))
        for score in self.scores:
            table.add_column(score.recipe, justify="right", no_wrap=True)
        rows: dict[str, Callable[[RecipeScore], str]] = {
            "1-NN": lambda score: f"{score.one_nn_accuracy:.4f}",
            "95 % from": lambda score: f"{score.ci95[0]:.3f}",
            "95 % to": lambda score: f"{score.ci95[1]:.3f}",
            "no twins": lambda score: _share(score.one_nn_accuracy_without_twins),
            **{f"R@{k}": lambda score, k=k: f"{score.recall_at[str(k)]:.4f}" for k in RECALL_AT[1:]},  # type: ignore[misc]
            "mAP@10": lambda score: f"{score.map_at_10:.4f}",
            "mAP@R": lambda score: f"{score.map_at_r:.4f}",
            "dim": lambda score: f"{score.dim:,}",
            "bytes": lambda score: f"{score.bytes_per_item:,}",
            "images/s": lambda score: f"{score.images_per_second:,.0f}",
        }
        for name, shown in rows.items():
            table.add_row(name, *map(shown, self.scores))
        table.caption = f"{sum(self.twins) / len(self.twins):.1f} queries a split have a near-identical stored image"
        return table


def measure_recipes(
    source: Source,
    recipes: Sequence[Recipe],
    *,
    test: int,
    splits: int = SPLITS,
    make_backbone: MakeBackbone | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_stage: Callable[[str], None] = lambda _: None,
) -> RecipesReport:
    """Fit each recipe on the images to search in, embed all, and judge every query's hits by their labels.

    Each split draws its own seed for what a recipe draws. A network sees an image once, whatever the split; its
    features are kept in memory. Raise UnfitForBenchmark when there are too few images, or some without a label.
    """
    images = labelled_images(source)
    require_test(source.name, len(images), test)
    cuts = shuffled_splits(len(images), test, splits)
    numbers = {name: number for number, name in enumerate(sorted({str(image.label) for image in images}))}
    labels = np.array([numbers[str(image.label)] for image in images])
    on_stage(PIXELS)
    started = time.perf_counter()
    pixels = raw_pixels(images)
    speed = len(images) / (time.perf_counter() - started)
    twins = [have_twins(pixels[cut.asked], pixels[cut.stored]) for cut in cuts]
    rankings = [
        rank(pixels[cut.stored], labels[cut.stored], pixels[cut.asked], labels[cut.asked], DEPTH) for cut in cuts
    ]
    scores = [_score(PIXELS, pixels.shape[1], rankings, twins, speed, [0.0])]
    del pixels
    for same in _by_network(recipes):
        network = (make_backbone or vgg16_backbone())(same[0])
        memory = _remembered(same[0], network, images)
        for recipe in same:
            on_stage(recipe.name)
            rankings, fitting = [], []
            for seed, cut in enumerate(cuts):
                started = time.perf_counter()
                embedder = _fitted(replace(recipe, seed=seed), images, cut, memory, on_progress)
                fitting.append(time.perf_counter() - started)
                rankings.append(_ranking(embedder, images, cut, labels))
            scores.append(_score(recipe.name, recipe.dim, rankings, twins, _speed(embedder, network, images), fitting))
    return RecipesReport(source.name, len(images) - test, test, [int(one.sum()) for one in twins], scores)


def _by_network(recipes: Sequence[Recipe]) -> list[list[Recipe]]:
    """Put recipes together whose features are the same, since they differ in the head alone."""
    groups: dict[Recipe, list[Recipe]] = {}
    for recipe in recipes:
        network = replace(recipe, name="", unit_length=False, head="none", dim=0, seed=0, whiten=0.0)
        groups.setdefault(network, []).append(recipe)
    return list(groups.values())


def _remembered(recipe: Recipe, network: Backbone, images: Sequence[SourceImage]) -> Backbone:
    """Return a network that has seen all images, and the black one that fills up batches, and sees none again."""
    memory = CachingBackbone(network, capacity=len(images) + 1)
    black = np.zeros((recipe.side, recipe.side, 3), np.float32)
    inputs = (network_input(recipe, image) for image in _decoded(images, range(len(images))))
    for _ in features_of(recipe, memory, chain(inputs, [black])):
        pass
    return memory


def _fitted(
    recipe: Recipe, images: Sequence[SourceImage], cut: Split, memory: Backbone, on_progress: Callable[[Progress], None]
) -> Embedder:
    """Return an embedder whose head has seen the stored images only."""
    stored = chosen(images, cut.stored, "the images to search in")
    progress = Progress(len(stored), on_progress=on_progress)
    return fit_embedder(stored, recipe, "auto", lambda _, __="auto": memory, progress)


def _ranking(embedder: Embedder, images: Sequence[SourceImage], cut: Split, labels: NDArray[np.int64]) -> Ranking:
    stored, asked = (embedder.embed(_decoded(images, numbers)) for numbers in (cut.stored, cut.asked))
    return rank(stored, labels[cut.stored], asked, labels[cut.asked], DEPTH)


def _decoded(images: Sequence[SourceImage], numbers: Iterable[int]) -> Iterator[Image]:
    return (images[number].decoded() for number in numbers)


def _speed(embedder: Embedder, network: Backbone, images: Sequence[SourceImage]) -> float:
    """Return how many decoded images a second become vectors, on a network that remembers none."""
    fresh = Embedder.restore(embedder.embedding(), network)
    some = list(_decoded(images, range(min(network.batch_size, len(images)))))
    fresh.embed(some)
    started = time.perf_counter()
    done, spent = 0, 0.0
    while spent < _TIMED:
        fresh.embed(some)
        done += len(some)
        spent = time.perf_counter() - started
    return done / spent


def _score(
    name: str,
    dim: int,
    rankings: Sequence[Ranking],
    twins: Sequence[NDArray[np.bool_]],
    images_per_second: float,
    fit_seconds: Sequence[float],
) -> RecipeScore:
    shares = [float(ranking.first.mean()) for ranking in rankings]
    alone = [
        float(ranking.first[~twin].mean()) for ranking, twin in zip(rankings, twins, strict=True) if not twin.all()
    ]
    return RecipeScore(
        recipe=name,
        one_nn_accuracy=float(np.mean(shares)),
        ci95=t_interval(shares),
        per_split=shares,
        one_nn_accuracy_without_twins=float(np.mean(alone)) if alone else None,
        recall_at={str(k): float(np.mean([ranking.recall_at(k) for ranking in rankings])) for k in RECALL_AT},
        map_at_10=float(np.mean([ranking.mean_average_precision(DEPTH) for ranking in rankings])),
        map_at_r=float(np.mean([ranking.mean_average_precision_at_r() for ranking in rankings])),
        dim=dim,
        bytes_per_item=dim * np.dtype(np.float32).itemsize,
        images_per_second=round(images_per_second, 1),
        fit_seconds=round(float(np.mean(fit_seconds)), 2),
    )


def _share(share: float | None) -> str:
    return "none left" if share is None else f"{share:.4f}"
