"""How does it respond under load? Queries that arrive at a given rate, each timed from its arrival."""

from collections.abc import Callable, Mapping
from dataclasses import asdict

from benchmarks.common.measurement import latency_of
from benchmarks.measures.open_loop_load import LoadReport, offer_load
from benchmarks.measures.queries import draw_queries
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.section import Section, Text, grid_of
from storage import Store

#: Arrival rates, as shares of the rate at which one query after another is answered.
SHARES = (0.25, 0.5, 0.75)

_K = 5

#: Queries per second that no store can answer: the rate served is then its capacity.
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
    section = Section([Text(_INTRO), grid_of(reports, _COLUMNS, strong=3)])
    return Outcome([asdict(report) for report in reports], [], measurements, section)


_INTRO = (
    "Queries arrive at random at a given mean rate, whether or not the last one is answered, and each is timed from "
    "its arrival, so that waiting behind a slow query counts (no coordinated omission). The rates are a quarter, a "
    "half and three quarters of what one process can answer one after another."
)


_COLUMNS: Mapping[str, Callable[[LoadReport], str]] = {
    "offered (queries/s)": lambda report: f"{report.offered:,.0f}",
    "served": lambda report: f"{report.served:,.0f}",
    "samples": lambda report: f"{report.queries:,}",
    "p50 (ms)": lambda report: f"{report.latency['p50_ms']:.2f}",
    "p95": lambda report: f"{report.latency['p95_ms']:.2f}",
    "p99": lambda report: f"{report.latency['p99_ms']:.2f}",
}

PART = Part("load", "How does it respond under load?", measure)
