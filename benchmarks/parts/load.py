"""What if many ask? Queries that come at a stated rate, timed from the moment that each was due."""

from benchmarks.common.measurement import LOWER, Measurement
from benchmarks.measures.open_loop_load import LoadReport, offer
from benchmarks.measures.queries import draw_queries
from benchmarks.parts.latency import QUICK_SAMPLES, SAMPLES
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.section import Grid, Section, Text
from storage import Store

#: Queries come at these shares of the rate at which one after another is answered.
SHARES = (0.25, 0.5, 0.75)

_K = 5
_AT_ONCE = 1e9


def measure(context: Context) -> Outcome:
    """Load the last recipe's store, which is the default's."""
    samples = QUICK_SAMPLES if context.quick else SAMPLES
    recipe = list(context.recipes.values())[-1]
    with Store.open(context.store_of(recipe)) as store:
        context.on_stage(f"{recipe.name}: queries at a stated rate")
        drawn = draw_queries(store, samples, _K, 1).vectors

        def offered(rate: float) -> LoadReport:
            return offer(lambda number: store.nearest(drawn[number], _K), rate, samples, context.seed)

        able = offered(_AT_ONCE).served
        reports = [offered(round(able * share, 1)) for share in SHARES]
    return Outcome(
        [report.as_json() for report in reports], [], _figures(reports), Section([Text(_INTRO), _grid(reports)])
    )


def _figures(reports: list[LoadReport]) -> dict[str, Measurement]:
    figures = {}
    for share, report in zip(SHARES, reports, strict=True):
        median, most = report.latency["p50_ms"], report.latency["p95_ms"]
        figures[f"at {share:.0%} of the capacity"] = Measurement(
            median, median, most, "ms", LOWER, report.queries, "median, to the 95th percentile"
        )
    return figures


_INTRO = (
    "Queries come at random moments at a stated rate, whether or not the last is answered, and each is timed from the "
    "moment that it was due: so the wait behind a slow one counts (no coordinated omission). The rates are a quarter, "
    "a half and three quarters of what one process can answer one after another."
)


def _grid(reports: list[LoadReport]) -> Grid:
    return Grid(
        ("offered (queries/s)", "answered", "samples", "p50 (ms)", "p95", "p99"),
        [
            (
                f"{report.offered:,.0f}",
                f"{report.served:,.0f}",
                f"{report.queries:,}",
                *(f"{report.latency[f'p{share}_ms']:.2f}" for share in (50, 95, 99)),
            )
            for report in reports
        ],
        strong=3,
    )


PART = Part("load", "What if many ask at once?", measure)
