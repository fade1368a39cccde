"""How does it grow? Latency in stores of several sizes, with the memory's limit."""

from benchmarks.common.measurement import LOWER, Measurement
from benchmarks.measures.latency import LatencyReport
from benchmarks.measures.latency_by_size import QUICK_SIZES, SIZES, measure_sizes
from benchmarks.measures.subprocess_run import in_own_process
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.plots import Line, draw_lines
from benchmarks.parts.section import Grid, Picture, Section, Text

QUICK_SAMPLES, SAMPLES = 60, 500


def measure(context: Context) -> Outcome:
    """Measure made-up stores, the smallest first."""
    report = in_own_process(
        measure_sizes,
        sizes=QUICK_SIZES if context.quick else SIZES,
        samples=QUICK_SAMPLES if context.quick else SAMPLES,
        on_stage=context.on_stage,
    )
    largest = report.sizes[-1]
    return Outcome(
        report.as_json(),
        report.tables(),
        {f"{one.vectors}/one query": _figure(one) for one in report.sizes},
        Section([Text(_INTRO), _plot(report.sizes), _grid(report.sizes)]),
        value=f"{largest.single['p50_ms']:.1f}\u00a0ms",
        answer=f"for one query of {largest.vectors:,}, {largest.ratio_product:.2f} times what the memory allows",
    )


def _figure(one: LatencyReport) -> Measurement:
    median, most = one.single["p50_ms"], one.single["p95_ms"]
    return Measurement(median, median, most, "ms", LOWER, one.samples, "median, to the 95th percentile")


_INTRO = (
    "Made-up vectors of 128 dimensions. The memory limit is the time of one product of all vectors with the query: "
    "nothing that compares every vector can answer sooner."
)


def _plot(reports: tuple[LatencyReport, ...]) -> Picture:
    sides = {
        "Lookalike": [one.single for one in reports],
        "FAISS": [one.faiss_single for one in reports],
        "scikit-learn": [one.sklearn_single for one in reports],
        "memory limit": [one.product for one in reports],
    }
    drawn = [
        Line(
            name,
            [(float(one.vectors), side["p50_ms"]) for one, side in zip(reports, times, strict=True)],
            ours=name == "Lookalike",
            bound=name == "memory limit",
        )
        for name, times in sides.items()
    ]
    return Picture(
        "sizes.svg",
        draw_lines(drawn, "vectors", "milliseconds for one query, p50"),
        "Lines: the latency of one query against the number of vectors, and the memory's limit",
        "One query, median, against the number of stored vectors; both axes logarithmic.",
    )


def _grid(reports: tuple[LatencyReport, ...]) -> Grid:
    return Grid(
        (
            "vectors",
            "samples",
            "p50 (ms)",
            "p95",
            "p99",
            "first of a process",
            "FAISS, p50",
            "scikit-learn, p50",
            "memory",
        ),
        [
            (
                f"{one.vectors:,}",
                f"{one.samples:,}",
                *(f"{one.single[f'p{share}_ms']:.2f}" for share in (50, 95, 99)),
                f"{one.first_ms:.1f}",
                *(f"{side['p50_ms']:.2f}" for side in (one.faiss_single, one.sklearn_single, one.product)),
            )
            for one in reports
        ],
        strong=2,
    )


PART = Part("sizes", "How does it grow?", measure)
