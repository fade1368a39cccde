"""How does it respond under load? Queries that arrive at a given rate, each timed from its arrival."""

from dataclasses import asdict

from benchmarks.common.measurement import latency_of
from benchmarks.common.timing import PERCENTILES
from benchmarks.measures.open_loop_load import LoadReport, offer_load
from benchmarks.measures.queries import draw_queries
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.section import Grid, Section, Text
from storage import Store

#: The rates of arrival, as shares of the rate at which one query after another is answered.
SHARES = (0.25, 0.5, 0.75)

_K = 5

#: Queries per second that no store keeps up with: its capacity is what it serves.
_OVERLOAD = 1e9


def measure(context: Context) -> Outcome:
    """Load the store of the last recipe, the default."""
    recipe = list(context.recipes.values())[-1]
    with Store.open(context.store_of(recipe)) as store:
        context.on_stage(f"{recipe.name}: queries at a given rate")
        queries = draw_queries(store, context.samples, _K, 1).vectors

        def load(rate: float) -> LoadReport:
            return offer_load(lambda number: store.nearest(queries[number], _K), rate, context.samples, context.seed)

        capacity = load(_OVERLOAD).served
        reports = [load(round(capacity * share, 1)) for share in SHARES]
    measurements = {
        f"at {share:.0%} of the capacity": latency_of(report.latency, report.queries)
        for share, report in zip(SHARES, reports, strict=True)
    }
    return Outcome([asdict(report) for report in reports], [], measurements, Section([Text(_INTRO), _grid(reports)]))


_INTRO = (
    "Queries arrive at random at a given mean rate, whether or not the last one is answered, and each is timed from "
    "its arrival, so that waiting behind a slow query counts (no coordinated omission). The rates are a quarter, a "
    "half and three quarters of what one process can answer one after another."
)


def _grid(reports: list[LoadReport]) -> Grid:
    return Grid(
        ("offered (queries/s)", "served", "samples", "p50 (ms)", "p95", "p99"),
        [
            (
                f"{report.offered:,.0f}",
                f"{report.served:,.0f}",
                f"{report.queries:,}",
                *(f"{report.latency[f'p{percent}_ms']:.2f}" for percent in PERCENTILES),
            )
            for report in reports
        ],
        strong=3,
    )


PART = Part("load", "How does it respond under load?", measure)
