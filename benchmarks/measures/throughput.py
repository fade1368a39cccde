"""How fast images become committed rows, beside the notebook's own way on the same machine in the same run."""

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.common.machine import describe_machine
from benchmarks.measures.accuracy import measure_accuracy
from benchmarks.measures.ingest_run import WholeJob, whole_job
from benchmarks.measures.keras_baseline import network_rate, operations, predict_rates, product_rate
from ingest.embedding.network.backbone import Backbone
from ingest.embedding.network.backbone_factory import vgg16_backbone
from ingest.embedding.network.precision import Asked, Precision, precision_of_processor
from ingest.embedding.network.weights import find_weights
from ingest.embedding.recipes import NOTEBOOK, RETRIEVAL, Recipe, recipe_named
from ingest.errors import SourceUnusable
from ingest.sources import open_source

#: The 70,000 real images, and those that come with a package, for machines that lack them.
_LARGE, _SMALL = "fashion-mnist", "mnist-sample"

#: How many of the digits are asked with to measure the accuracy.
_TEST = 1_000


@dataclass(frozen=True)
class Size:
    """How much is measured: images of the whole jobs, of the small ones, and of what is timed alone; 0 for all."""

    images: int
    small: int
    alone: int
    thorough: bool


FULL = Size(images=0, small=5_000, alone=1_024, thorough=True)
QUICK = Size(images=2_000, small=500, alone=256, thorough=False)


@dataclass(frozen=True)
class JobSpeed:
    """A whole job, from the start of its process to its end, beside the base line and the network alone.

    `share_outside` is the part of the time that the network alone would not have taken.
    """

    recipe: str
    precision: str
    images: int
    seconds: float
    images_per_second: float
    ratio: float
    network_images_per_second: float
    share_outside: float
    stage_seconds: dict[str, float]
    peak_rss_mb: float


@dataclass(frozen=True)
class ThroughputReport:
    """Rates in images a second, memory in MiB, operations in 10^12 a second; `accuracy` is of 1-NN."""

    source: str
    images: int
    quick: bool
    machine: dict[str, Any]
    baseline_images_per_second: list[float]
    jobs: list[JobSpeed]
    product_tera_operations: float
    network_tera_operations: dict[str, float]
    share_of_product: dict[str, float]
    accuracy: dict[str, dict[str, float]]
    peak_rss_mb: dict[str, float]
    second_run_seconds: float
    second_run_images: int
    second_run_imports_tensorflow: bool

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)

    def table(self) -> Table:
        """Return the report as a table to print."""
        passes = self.baseline_images_per_second
        base = float(np.median(passes))
        table = Table(title=f"Throughput: {self.images:,} images of {self.source}", title_justify="left")
        for name in ("", "images/s", "times the base line", "outside VGG16"):
            table.add_column(name, justify="right" if name else "left")
        spread = f"{base:,.0f} ({min(passes):,.0f} to {max(passes):,.0f})"
        table.add_row("Keras predict, batch 32, float32 (base line)", spread, "1.0", "")
        for job in self.jobs:
            name = f"{job.recipe}, {job.precision}, whole job of {job.images:,}"
            table.add_row(name, f"{job.images_per_second:,.0f}", f"{job.ratio:.1f}", f"{job.share_outside:.1%}")
        for recipe, share in self.share_of_product.items():
            rate = f"{self.network_tera_operations[recipe]:.2f} of {self.product_tera_operations:.2f} TFLOP/s"
            table.add_row(f"{recipe}: arithmetic beside a matrix product", rate, f"{share:.0%}", "")
        for recipe, rates in self.accuracy.items():
            table.add_row(f"{recipe}: 1-NN accuracy", ", ".join(f"{key} {value:.4f}" for key, value in rates.items()))
        for images, peak in self.peak_rss_mb.items():
            table.add_row(f"peak memory, {images} images", f"{peak:,.0f} MiB")
        loaded = "with" if self.second_run_imports_tensorflow else "without"
        second = f"{self.second_run_seconds:.1f} s, {loaded} TensorFlow"
        table.add_row(f"again, {self.second_run_images:,} unchanged", second)
        return table


def measure_throughput(size: Size, *, on_stage: Callable[[str], None] = lambda _: None) -> ThroughputReport:
    """Measure whole jobs, each in a process of its own; raise BenchmarkFailed when one fails.

    In bfloat16 where the processor has it. The base line is timed before and after them, and ratios are over the
    median of its passes.
    """
    source, images = _source(size, on_stage)
    weights = find_weights()
    fast = precision_of_processor()
    on_stage("base line: Keras predict")
    baseline = predict_rates(weights, size.alone)
    with tempfile.TemporaryDirectory(prefix="lookalike-") as folder:
        stores = Path(folder)
        done: list[WholeJob] = []
        plan = [(RETRIEVAL, fast, images), (NOTEBOOK, fast, images)]
        plan += [(NOTEBOOK, "float32", images)] if size.thorough and fast != "float32" else []
        for recipe, precision, count in plan:
            on_stage(f"{recipe.name}, {precision}: whole job of {count:,} images")
            store = stores / f"{recipe.name}-{precision}"
            done.append(whole_job(source, store, recipe=recipe.name, precision=precision, limit=count))
        on_stage(f"the same {images:,} images again")
        again = whole_job(source, stores / f"{RETRIEVAL.name}-{fast}", limit=images)
        few = min(images, size.small)
        on_stage(f"memory: whole job of {few:,} images")
        small = whole_job(source, stores / "small", recipe=RETRIEVAL.name, precision=fast, limit=few)
    on_stage("base line again, and the network alone")
    baseline += predict_rates(weights, size.alone)
    pairs = {(job.recipe, job.precision) for job in done}
    alone = {pair: network_rate(recipe_named(pair[0]), _known(pair[1]), 2 * size.alone) for pair in sorted(pairs)}
    product = product_rate(fast)
    tera = {recipe.name: alone[recipe.name, fast] * operations(recipe) / 1e12 for recipe in (RETRIEVAL, NOTEBOOK)}
    base = float(np.median(baseline))
    return ThroughputReport(
        source=source,
        images=images,
        quick=not size.thorough,
        machine=describe_machine(),
        baseline_images_per_second=[round(rate, 1) for rate in baseline],
        jobs=[_speed(job, base, alone[job.recipe, job.precision]) for job in done],
        product_tera_operations=round(product / 1e12, 3),
        network_tera_operations={name: round(rate, 3) for name, rate in tera.items()},
        share_of_product={name: round(rate * 1e12 / product, 3) for name, rate in tera.items()},
        accuracy=_accuracy(fast, on_stage) if size.thorough else {},
        peak_rss_mb={f"{few}": small.peak_rss_mb, f"{images}": done[0].peak_rss_mb},
        second_run_seconds=round(again.seconds, 2),
        second_run_images=again.unchanged,
        second_run_imports_tensorflow=again.tensorflow,
    )


def _source(size: Size, on_stage: Callable[[str], None]) -> tuple[str, int]:
    """Return the source that there is, and how many images of it to take."""
    try:
        source, opened = _LARGE, open_source(_LARGE)
    except SourceUnusable:
        source, opened = _SMALL, open_source(_SMALL)
        on_stage(
            f"note: found no {_LARGE}, so that {len(opened):,} images of {_SMALL} are taken instead: "
            "install Debian's package dataset-fashion-mnist for 70,000"
        )
    return source, min(size.images or len(opened), len(opened))


def _speed(job: WholeJob, base: float, alone: float) -> JobSpeed:
    return JobSpeed(
        recipe=job.recipe,
        precision=job.precision,
        images=job.added,
        seconds=round(job.seconds, 2),
        images_per_second=round(job.rate, 1),
        ratio=round(job.rate / base, 2),
        network_images_per_second=round(alone, 1),
        share_outside=round(max(0.0, 1 - job.rate / alone), 4),
        stage_seconds=job.stage_seconds,
        peak_rss_mb=job.peak_rss_mb,
    )


def _accuracy(fast: Precision, on_stage: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Return each recipe's 1-NN accuracy on the digits in both precisions."""
    digits = open_source(_SMALL)
    found: dict[str, dict[str, float]] = {}
    for recipe in (RETRIEVAL, NOTEBOOK):
        for precision in sorted({"float32", fast}):
            on_stage(f"{recipe.name}, {precision}: accuracy")
            report = measure_accuracy(digits, recipe, test=_TEST, make_backbone=_Always(_known(precision)))
            found.setdefault(recipe.name, {})[precision] = report.one_nn_accuracy
    return found


class _Always:
    """Makes networks that compute in one precision, whatever is asked for."""

    def __init__(self, precision: Precision) -> None:
        self._precision: Precision = precision

    def __call__(self, recipe: Recipe, _: Asked = "auto", /) -> Backbone:
        return vgg16_backbone()(recipe, self._precision)


def _known(precision: str) -> Precision:
    return "bfloat16" if precision == "bfloat16" else "float32"
