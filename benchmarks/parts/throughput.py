"""How fast are images embedded? Ingest jobs, compared with Keras' `predict` in the same run."""

from collections.abc import Callable, Mapping

from benchmarks.common.measurement import HIGHER, LOWER, Measurement, median_of, single_value
from benchmarks.measures.throughput import FULL, QUICK, JobSpeed, ThroughputReport, measure_throughput
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.plots import Value, draw_bars
from benchmarks.parts.section import Block, Picture, Text, grid_of


def measure(context: Context) -> Outcome:
    """Time ingest jobs, each in its own process."""
    report = measure_throughput(QUICK if context.quick else FULL, on_stage=context.on_stage)
    fastest = max(report.jobs, key=lambda job: job.images_per_second)
    return Outcome.of(
        report,
        _measurements(report),
        _blocks(report),
        value=f"{fastest.images_per_second:,.0f}/s",
        answer=f"images become committed rows in an ingest of {fastest.images:,} (recipe {fastest.name}), "
        f"{fastest.ratio:.1f} times the rate of Keras' predict alone",
    )


def _measurements(report: ThroughputReport) -> dict[str, Measurement]:
    measurements = {"base line": median_of(report.baseline_images_per_second, "images/s", HIGHER)}
    for job in report.jobs:
        measurements[job.name] = single_value(job.images_per_second, "images/s", HIGHER)
        measurements[f"{job.name}, memory"] = single_value(job.peak_rss_mb, "MiB", LOWER)
    return measurements


_INTRO = (
    "Whole ingest jobs, from the start of their process to its end: images are read, decoded, embedded and committed, "
    "and the index is written. The baseline is Keras' predict in batches of 32 in float32, as in the original "
    "notebook, without reading or storing anything, timed before and after in the same run."
)


def _blocks(report: ThroughputReport) -> list[Block]:
    baseline = median_of(report.baseline_images_per_second, "images/s", HIGHER)
    rates = [Value("Keras predict", baseline.value, baseline.low, baseline.high, "images/s", ours=False)]
    rates += [Value(job.name, job.images_per_second, unit="images/s") for job in report.jobs]
    stages = sorted({stage for job in report.jobs for stage in job.stage_seconds})
    stage_seconds = [
        Value(f"{job.name}: {stage}", job.stage_seconds.get(stage, 0.0), unit="s")
        for job in report.jobs
        for stage in stages
    ]
    return [
        Text(_INTRO),
        Picture(
            "throughput.svg", draw_bars(rates), "Bars: images per second by recipe", "Images per second, whole jobs."
        ),
        Picture(
            "stages.svg",
            draw_bars(stage_seconds),
            "Bars: seconds of each stage of each job",
            "Busy seconds of each stage; stages overlap, so that their sum exceeds the duration of the job.",
        ),
        grid_of(report.jobs, _COLUMNS, strong=3),
    ]


_COLUMNS: Mapping[str, Callable[[JobSpeed], str]] = {
    "job": lambda job: job.name,
    "images": lambda job: f"{job.images:,}",
    "seconds": lambda job: f"{job.seconds:.1f}",
    "images/s": lambda job: f"{job.images_per_second:,.0f}",
    "ratio to Keras predict": lambda job: f"{job.ratio:.1f}",
    "outside the network": lambda job: f"{job.share_outside:.1%}",
    "peak memory (MiB)": lambda job: f"{job.peak_rss_mb:,.0f}",
}

PART = Part("throughput", "How fast are images embedded?", measure)
