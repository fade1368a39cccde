"""How fast are images embedded? Whole jobs beside the notebook's own way in the same run."""

import numpy as np

from benchmarks.common.measurement import HIGHER, LOWER, Measurement, counted
from benchmarks.measures.throughput import FULL, QUICK, ThroughputReport, measure_throughput
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.plots import Bar, draw_bars
from benchmarks.parts.section import Block, Grid, Picture, Section, Text


def measure(context: Context) -> Outcome:
    """Time whole jobs, each in a process of its own."""
    report = measure_throughput(QUICK if context.quick else FULL, on_stage=context.on_stage)
    fastest = max(report.jobs, key=lambda job: job.images_per_second)
    return Outcome(
        report.as_json(),
        [report.table()],
        _figures(report),
        Section(_blocks(report)),
        value=f"{fastest.images_per_second:,.0f}/s",
        answer=f"images become committed rows in a whole job of {fastest.images:,} (recipe {fastest.recipe}, "
        f"{fastest.precision}), {fastest.ratio:.1f} times as fast as Keras' predict alone",
    )


def _figures(report: ThroughputReport) -> dict[str, Measurement]:
    base = report.baseline_images_per_second
    figures = {"base line": Measurement(float(np.median(base)), min(base), max(base), "images/s", HIGHER, len(base))}
    for job in report.jobs:
        name = f"{job.recipe}, {job.precision}"
        figures[name] = counted(job.images_per_second, "images/s", HIGHER)
        figures[f"{name}, memory"] = counted(job.peak_rss_mb, "MiB", LOWER)
    return figures


_INTRO = (
    "Whole jobs, from the start of their process to its end: images are read, decoded, embedded and committed, and the "
    "index is written. The base line is the notebook's own way, Keras' predict in batches of 32 in float32, without "
    "reading or storing anything, timed before and after in the same run."
)


def _blocks(report: ThroughputReport) -> list[Block]:
    base = report.baseline_images_per_second
    drawn = [Bar("Keras predict", float(np.median(base)), min(base), max(base), "images/s", ours=False)]
    drawn += [Bar(f"{job.recipe}, {job.precision}", job.images_per_second, unit="images/s") for job in report.jobs]
    stages = sorted({stage for job in report.jobs for stage in job.stage_seconds})
    spent = [
        Bar(f"{job.recipe}, {job.precision}: {stage}", job.stage_seconds.get(stage, 0.0), unit="s")
        for job in report.jobs
        for stage in stages
    ]
    return [
        Text(_INTRO),
        Picture("throughput.svg", draw_bars(drawn), "Bars: images a second by recipe", "Images a second, whole jobs."),
        Picture(
            "stages.svg",
            draw_bars(spent),
            "Bars: seconds by stage of each job",
            "Seconds that each stage worked; they overlap, so that their sum exceeds the whole.",
        ),
        Grid(
            ("job", "images", "seconds", "images/s", "times the base line", "not in the network", "peak memory (MiB)"),
            [
                (
                    f"{job.recipe}, {job.precision}",
                    f"{job.images:,}",
                    f"{job.seconds:.1f}",
                    f"{job.images_per_second:,.0f}",
                    f"{job.ratio:.1f}",
                    f"{job.share_outside:.1%}",
                    f"{job.peak_rss_mb:,.0f}",
                )
                for job in report.jobs
            ],
            strong=3,
        ),
    ]


PART = Part("throughput", "How fast are images embedded?", measure)
