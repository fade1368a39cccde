"""Measure how fast images become committed rows, against Keras' `predict` on the same machine in the same run."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.common.machine import describe_machine
from benchmarks.measures.accuracy import measure_accuracy
from benchmarks.measures.ingest_run import IngestRun, run_ingest
from benchmarks.measures.keras_baseline import network_rate, operations, predict_rates, product_rate
from ingest.embedding.network.backbone_factory import BackboneFactory, vgg16_factory
from ingest.embedding.network.precision import Precision, fastest_cpu_precision
from ingest.embedding.network.weights import find_weights
from ingest.embedding.recipes import NOTEBOOK, RETRIEVAL, recipe_named
from ingest.errors import SourceUnusable
from ingest.sources import open_source
from storage.console import right_aligned

#: A source of 70,000 images, and one of 5,000 for machines on which the former is not installed.
_LARGE, _SMALL = "fashion-mnist", "mnist-sample"

#: Query images for the accuracy.
_TEST = 1_000


@dataclass(frozen=True)
class Size:
    """How many images the jobs ingest (0 for all), the small job ingests, and each pass of the network alone embeds.

    Only a `thorough` measurement includes float32 and the accuracy.
    """

    images: int
    small: int
    network: int
    thorough: bool


FULL = Size(images=0, small=5_000, network=1_024, thorough=True)
QUICK = Size(images=500, small=300, network=256, thorough=False)


@dataclass(frozen=True)
class JobSpeed:
    """An ingest job, timed from the start of its process to its end, against the baseline and the network alone.

    `ratio` is its rate divided by the baseline's, `share_outside` the part of its time not spent in the network.
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

    @property
    def name(self) -> str:
        """Return the recipe and the precision."""
        return f"{self.recipe}, {self.precision}"


@dataclass(frozen=True)
class ThroughputReport:
    """Rates in images per second, memory in MiB, operations in 10^12 per second, and 1-NN accuracy."""

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

    def table(self) -> Table:
        """Return the report as a table to print."""
        passes = self.baseline_images_per_second
        median = float(np.median(passes))
        columns = right_aligned("images/s", "ratio to Keras predict", "outside VGG16")
        table = Table("", *columns, title=f"Throughput: {self.images:,} images of {self.source}", title_justify="left")
        spread = f"{median:,.0f} ({min(passes):,.0f} to {max(passes):,.0f})"
        table.add_row("Keras predict, batch 32, float32 (baseline)", spread, "1.0", "")
        for job in self.jobs:
            name = f"{job.name}, {job.images:,} images"
            table.add_row(name, f"{job.images_per_second:,.0f}", f"{job.ratio:.1f}", f"{job.share_outside:.1%}")
        for recipe, share in self.share_of_product.items():
            rate = f"{self.network_tera_operations[recipe]:.2f} of {self.product_tera_operations:.2f} TFLOP/s"
            table.add_row(f"{recipe}: arithmetic, share of a matrix product", rate, f"{share:.0%}", "")
        for recipe, rates in self.accuracy.items():
            table.add_row(f"{recipe}: 1-NN accuracy", ", ".join(f"{key} {value:.4f}" for key, value in rates.items()))
        for images, peak in self.peak_rss_mb.items():
            table.add_row(f"peak memory, {images} images", f"{peak:,.0f} MiB")
        imports = "with" if self.second_run_imports_tensorflow else "without"
        second_run = f"{self.second_run_seconds:.1f} s, {imports} TensorFlow"
        table.add_row(f"second run, {self.second_run_images:,} unchanged", second_run)
        return table


def measure_throughput(size: Size, *, on_stage: Callable[[str], None] = lambda _: None) -> ThroughputReport:
    """Time ingest jobs, each in its own process; raise BenchmarkFailed if one fails.

    They compute in bfloat16 if the processor has it. The baseline is timed before and after them, and ratios are to the
    median of its passes.
    """
    source, images = _find_source(size, on_stage)
    weights = find_weights()
    fast = fastest_cpu_precision()
    on_stage("baseline: Keras predict")
    baseline = predict_rates(weights, size.network)
    with tempfile.TemporaryDirectory(prefix="lookalike-") as folder:
        stores = Path(folder)
        runs: list[IngestRun] = []
        plan = [(RETRIEVAL, fast, images), (NOTEBOOK, fast, images)]
        plan += [(NOTEBOOK, "float32", images)] if size.thorough and fast != "float32" else []
        for recipe, precision, count in plan:
            on_stage(f"{recipe.name}, {precision}: ingest of {count:,} images")
            store = stores / f"{recipe.name}-{precision}"
            runs.append(run_ingest(source, store, recipe=recipe.name, precision=precision, limit=count))
        on_stage(f"second run of the same {images:,} images")
        second = run_ingest(source, stores / f"{RETRIEVAL.name}-{fast}", limit=images)
        small_images = min(images, size.small)
        on_stage(f"memory: ingest of {small_images:,} images")
        small = run_ingest(source, stores / "small", recipe=RETRIEVAL.name, precision=fast, limit=small_images)
    on_stage("baseline again, and the network alone")
    baseline += predict_rates(weights, size.network)
    pairs = sorted({(run.recipe, run.precision) for run in runs})
    network = {
        (recipe, precision): network_rate(recipe_named(recipe), precision, 2 * size.network)
        for recipe, precision in pairs
    }
    product = product_rate(fast)
    tera = {recipe.name: network[recipe.name, fast] * operations(recipe) / 1e12 for recipe in (RETRIEVAL, NOTEBOOK)}
    median = float(np.median(baseline))
    return ThroughputReport(
        source=source,
        images=images,
        quick=not size.thorough,
        machine=describe_machine(),
        baseline_images_per_second=[round(rate, 1) for rate in baseline],
        jobs=[_job_speed(run, median, network[run.recipe, run.precision]) for run in runs],
        product_tera_operations=round(product / 1e12, 3),
        network_tera_operations={name: round(rate, 3) for name, rate in tera.items()},
        share_of_product={name: round(rate * 1e12 / product, 3) for name, rate in tera.items()},
        accuracy=_measure_accuracies(fast, on_stage) if size.thorough else {},
        peak_rss_mb={f"{small_images}": small.peak_rss_mb, f"{images}": runs[0].peak_rss_mb},
        second_run_seconds=round(second.seconds, 2),
        second_run_images=second.unchanged,
        second_run_imports_tensorflow=second.tensorflow,
    )


def _find_source(size: Size, on_stage: Callable[[str], None]) -> tuple[str, int]:
    """Return the name of the larger source that is installed, and how many of its images to ingest."""
    try:
        name, source = _LARGE, open_source(_LARGE)
    except SourceUnusable:
        name, source = _SMALL, open_source(_SMALL)
        on_stage(
            f"note: {_LARGE} is not installed, using {len(source):,} images of {_SMALL} instead: "
            "install Debian's package dataset-fashion-mnist for 70,000"
        )
    return name, min(size.images or len(source), len(source))


def _job_speed(run: IngestRun, baseline: float, network: float) -> JobSpeed:
    return JobSpeed(
        recipe=run.recipe,
        precision=run.precision,
        images=run.added,
        seconds=round(run.seconds, 2),
        images_per_second=round(run.rate, 1),
        ratio=round(run.rate / baseline, 2),
        network_images_per_second=round(network, 1),
        share_outside=round(max(0.0, 1 - run.rate / network), 4),
        stage_seconds=run.stage_seconds,
        peak_rss_mb=run.peak_rss_mb,
    )


def _measure_accuracies(fast: Precision, on_stage: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Return each recipe's 1-NN accuracy on the digits in both precisions."""
    digits = open_source(_SMALL)
    precisions: set[Precision] = {"float32", fast}
    accuracies: dict[str, dict[str, float]] = {}
    for recipe in (RETRIEVAL, NOTEBOOK):
        for precision in sorted(precisions):
            on_stage(f"{recipe.name}, {precision}: accuracy")
            report = measure_accuracy(digits, recipe, test=_TEST, make_backbone=_fixed_precision(precision))
            accuracies.setdefault(recipe.name, {})[precision] = report.one_nn_accuracy
    return accuracies


def _fixed_precision(precision: Precision) -> BackboneFactory:
    """Return a factory of networks of one precision, whatever precision is requested."""
    return lambda recipe, _="auto": vgg16_factory()(recipe, precision)
