"""How does it scale? Latency in stores of several sizes, and the limit that memory bandwidth sets."""

from collections.abc import Callable, Mapping

from benchmarks.common.measurement import NO_VALUE, latency_of
from benchmarks.measures.latency import LatencyReport
from benchmarks.measures.latency_by_size import QUICK_SIZES, SIZES, measure_latency_by_size
from benchmarks.measures.subprocess_run import run_in_subprocess
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.plots import Line, draw_lines
from benchmarks.parts.section import Picture, Section, Text, grid_of


def measure(context: Context) -> Outcome:
    """Measure stores of random vectors, the smallest first."""
    report = run_in_subprocess(
        measure_latency_by_size,
        sizes=QUICK_SIZES if context.quick else SIZES,
        samples=context.samples,
        on_stage=context.on_stage,
    )
    largest = report.sizes[-1]
    return Outcome(
        report.as_json(),
        [size.table() for size in report.sizes],
        {f"{size.vectors}/one query": latency_of(size.single, size.samples) for size in report.sizes},
        Section([Text(_INTRO), _plot(report.sizes), grid_of(report.sizes, _COLUMNS, strong=2)]),
        value=f"{largest.single['p50_ms']:.1f}\u00a0ms",
        answer=f"for one query of {largest.vectors:,} vectors, {largest.ratio_product:.2f} times the memory limit",
    )


_INTRO = (
    "Random vectors of 128 dimensions. The memory limit is the time of one matrix-vector product of all vectors with "
    "the query: a search that reads every float32 vector is not faster; one that reads 8-bit quantized vectors first "
    "can be."
)


def _plot(reports: tuple[LatencyReport, ...]) -> Picture:
    sides = {
        "Lookalike": [report.single for report in reports],
        "FAISS": [report.faiss_single for report in reports],
        "scikit-learn": [report.sklearn_single for report in reports],
        "memory limit": [report.product for report in reports],
    }
    shown = [
        Line(
            name,
            [(float(report.vectors), side["p50_ms"]) for report, side in zip(reports, latencies, strict=True)],
            ours=name == "Lookalike",
            bound=name == "memory limit",
        )
        for name, latencies in sides.items()
    ]
    return Picture(
        "sizes.svg",
        draw_lines(shown, "vectors", "milliseconds for one query, p50"),
        "Lines: the latency of one query against the number of vectors, and the memory limit",
        "One query, median, against the number of stored vectors; both axes logarithmic.",
    )


_COLUMNS: Mapping[str, Callable[[LatencyReport], str]] = {
    "vectors": lambda report: f"{report.vectors:,}",
    "samples": lambda report: f"{report.samples:,}",
    "p50 (ms)": lambda report: f"{report.single['p50_ms']:.2f}",
    "p95": lambda report: f"{report.single['p95_ms']:.2f}",
    "p99": lambda report: f"{report.single['p99_ms']:.2f}",
    "first query": lambda report: f"{report.first_ms:.1f}",
    "1,000 at once / FAISS": lambda report: _ratio(report.ratio_faiss_batch),
    "kneighbors / scikit-learn": lambda report: _ratio(report.ratio_kneighbors),
    "neighbours of all / FAISS": lambda report: _ratio(report.all_pairs.ratio_faiss if report.all_pairs else None),
    "duplicates / neighbours of all": lambda report: _ratio(
        report.all_pairs.ratio_duplicates if report.all_pairs else None
    ),
    "FAISS, p50": lambda report: f"{report.faiss_single['p50_ms']:.2f}",
    "scikit-learn, p50": lambda report: f"{report.sklearn_single['p50_ms']:.2f}",
    "memory limit": lambda report: f"{report.product['p50_ms']:.2f}",
}


def _ratio(ratio: float | None) -> str:
    return NO_VALUE if ratio is None else f"{ratio:.2f}"


PART = Part("sizes", "How does it scale?", measure)
