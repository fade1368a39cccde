"""How fast is it? Single queries and batches, compared with scikit-learn."""

from benchmarks.common.measurement import HIGHER, NO_VALUE, Measurement, format_number, latency_of, single_value
from benchmarks.common.timing import PERCENTILES
from benchmarks.measures.latency import LatencyReport, measure_latency
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.section import Grid, Text
from storage import Store


def measure(context: Context) -> Outcome:
    """Time every recipe's store."""
    reports: list[LatencyReport] = []
    for recipe in context.recipes.values():
        with Store.open(context.store_of(recipe)) as store:
            context.on_stage(f"{recipe.name}: latency")
            reports.append(measure_latency(store, samples=context.samples))
    last = reports[-1]
    return Outcome.of(
        reports,
        _measurements(reports),
        [Text(_INTRO), _grid(reports)],
        value=f"{last.single['p50_ms']:.2f}\u00a0ms",
        answer=f"for one query of {last.vectors:,} images, labels and checks included; scikit-learn takes "
        f"{last.sklearn_single['p50_ms']:.2f}\u00a0ms for distances alone",
    )


def _measurements(reports: list[LatencyReport]) -> dict[str, Measurement]:
    measurements = {}
    for report in reports:
        measurements[f"{report.recipe}/one query"] = latency_of(report.single, report.samples)
        measurements[f"{report.recipe}/one query, scikit-learn"] = latency_of(report.sklearn_single, report.samples)
        if report.batch_qps:
            measurements[f"{report.recipe}/{report.batch} at once"] = single_value(
                report.batch_qps, "queries/s", HIGHER, report.batch_rounds
            )
    return measurements


_INTRO = (
    "Lookalike and scikit-learn on the same vectors, in turn in one run. Lookalike's answer is complete: ids, "
    "distances, labels and metadata, with every row checked; scikit-learn's is positions and distances. A ratio above "
    "1 means that Lookalike is faster. Embedding the query image is not included."
)


def _grid(reports: list[LatencyReport]) -> Grid:
    return Grid(
        (
            *("store", "vectors", "k", "samples", "one query, p50 (ms)", "p95", "p99"),
            *("scikit-learn, p50 (ms)", "p95", "p99", "ratio of p50"),
            *(f"batch of {reports[0].batch:,} (queries/s)", "scikit-learn (queries/s)", "ratio"),
        ),
        [
            (
                *(report.recipe, f"{report.vectors:,}", str(report.k), f"{report.samples:,}"),
                *(
                    f"{side[f'p{percent}_ms']:.2f}"
                    for side in (report.single, report.sklearn_single)
                    for percent in PERCENTILES
                ),
                f"{report.ratio_single:.2f}",
                *(_rate(rate) for rate in (report.batch_qps, report.sklearn_batch_qps, report.ratio_batch)),
            )
            for report in reports
        ],
        strong=4,
    )


def _rate(rate: float | None) -> str:
    """Return a rate as text; batches are not timed on large stores."""
    return NO_VALUE if rate is None else format_number(rate)


PART = Part("latency", "How fast is it?", measure)
