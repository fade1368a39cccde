"""How fast is it? Single queries and batches beside scikit-learn."""

from benchmarks.common.measurement import HIGHER, LOWER, NO_VALUE, Measurement, counted, format_number
from benchmarks.measures.latency import LatencyReport, measure_latency
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.section import Grid, Section, Text
from storage import Store

SAMPLES, QUICK_SAMPLES = 500, 60


def measure(context: Context) -> Outcome:
    """Time every recipe's store."""
    reports: list[LatencyReport] = []
    for recipe in context.recipes.values():
        with Store.open(context.store_of(recipe)) as store:
            context.on_stage(f"{recipe.name}: latency")
            reports.append(measure_latency(store, samples=QUICK_SAMPLES if context.quick else SAMPLES))
    last = reports[-1]
    return Outcome(
        [report.as_json() for report in reports],
        [report.table() for report in reports],
        _figures(reports),
        Section([Text(_INTRO), _grid(reports)]),
        value=f"{last.single['p50_ms']:.2f}\u00a0ms",
        answer=f"for one query of {last.vectors:,} images, labels and checks included; scikit-learn takes "
        f"{last.sklearn_single['p50_ms']:.2f}\u00a0ms for distances alone",
    )


def _figures(reports: list[LatencyReport]) -> dict[str, Measurement]:
    figures = {}
    for report in reports:
        for side, times in (("", report.single), (", scikit-learn", report.sklearn_single)):
            median, most = times["p50_ms"], times["p95_ms"]
            figures[f"{report.recipe}/one query{side}"] = Measurement(
                median, median, most, "ms", LOWER, report.samples, "median, to the 95th percentile"
            )
        if report.batch_qps:
            figures[f"{report.recipe}/{report.batch} at once"] = counted(
                report.batch_qps, "queries/s", HIGHER, report.batch_rounds
            )
    return figures


_INTRO = (
    "Beside scikit-learn on the same vectors, in turn in one run. Ours is the whole answer: ids, distances, labels and "
    "metadata, every row checked; scikit-learn's is positions and distances. A ratio above 1 means that we are faster. "
    "Embedding the query image is not included."
)


def _grid(reports: list[LatencyReport]) -> Grid:
    return Grid(
        (
            *("store", "vectors", "k", "samples", "one query, p50 (ms)", "p95", "p99"),
            *("scikit-learn, p50 (ms)", "p95", "p99", "ratio of p50"),
            *(f"{reports[0].batch:,} at once (queries/s)", "scikit-learn (queries/s)", "ratio"),
        ),
        [
            (
                *(report.recipe, f"{report.vectors:,}", str(report.k), f"{report.samples:,}"),
                *(
                    f"{side[f'p{share}_ms']:.2f}"
                    for side in (report.single, report.sklearn_single)
                    for share in (50, 95, 99)
                ),
                f"{report.ratio_single:.2f}",
                *(_rate(rate) for rate in (report.batch_qps, report.sklearn_batch_qps, report.ratio_batch)),
            )
            for report in reports
        ],
        strong=4,
    )


def _rate(rate: float | None) -> str:
    """Return a rate to read; large stores are not asked in batches."""
    return NO_VALUE if rate is None else format_number(rate)


PART = Part("latency", "How fast is it?", measure)
