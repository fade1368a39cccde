"""Is it exact? Every neighbour in every recipe's store, compared with scikit-learn's."""

from collections.abc import Callable, Mapping

from benchmarks.common.measurement import LOWER, single_value
from benchmarks.measures.exactness import ExactnessReport, measure_exactness
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.section import Text, grid_of
from storage import Store

QUERIES, QUICK_QUERIES = 1000, 200


def measure(context: Context) -> Outcome:
    """Compare the answers of every recipe's store."""
    reports: list[ExactnessReport] = []
    for recipe in context.recipes.values():
        with Store.open(context.store_of(recipe)) as store:
            context.on_stage(f"{recipe.name}: compare with scikit-learn")
            reports.append(measure_exactness(store, queries=QUICK_QUERIES if context.quick else QUERIES))
    compared = sum(report.queries * report.k for report in reports)
    errors = sum(report.errors + report.alone_differs for report in reports)
    return Outcome.of(
        reports,
        {f"{report.recipe}/errors": single_value(report.errors, "errors", LOWER, report.queries) for report in reports},
        [Text(_INTRO), grid_of(reports, _COLUMNS, strong=6)],
        value=f"{errors:,} wrong",
        answer=f"of {compared:,} neighbours, each compared with scikit-learn's exact search in float64",
        ok=all(report.ok for report in reports),
    )


_INTRO = (
    "Every neighbour and its distance, compared with scikit-learn's brute-force search in float64, rank by rank. Half "
    "of the queries are stored items, excluded from their own answers; half lie near one. A tie is another item at "
    "exactly the same distance; rounding is another item whose distance is equal within the error bound of "
    "scikit-learn's own formula; everything else is an error."
)


_COLUMNS: Mapping[str, Callable[[ExactnessReport], str]] = {
    "store": lambda report: report.recipe,
    "vectors": lambda report: f"{report.vectors:,}",
    "compared": lambda report: f"{report.queries * report.k:,}",
    "agree": lambda report: f"{report.agree:,}",
    "ties": lambda report: f"{report.ties:,}",
    "rounding": lambda report: f"{report.rounding:,}",
    "errors": lambda report: f"{report.errors:,}",
    "largest relative error": lambda report: f"{report.max_relative_error:.1e}",
    "differ when searched alone": lambda report: f"{report.alone_differs} of {report.asked_alone}",
}

PART = Part("exactness", "Is it exact?", measure)
