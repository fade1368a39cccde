"""The part of the report on durability: what is lost or wrong after every kind of fault."""

from typing import Any

from benchmarks.common.measurement import LOWER, single_value
from benchmarks.durability.durability_report import QUICK, Sizes, measure_durability
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.section import Grid, Section, Text

#: The short form, with only those faults that take seconds.
SHORT = Sizes(
    kills=8, power_cuts=40, stride=400, index_damages=60, catalog_damages=32, read=5_000, stored=5_000, large=10_000
)
_SHORT_STAGES = ("kills_at_random", "power_cuts", "index_damages", "catalog_damages")


def measure(context: Context) -> Outcome:
    """Try every kind of fault on stores, in the short form only a few."""
    sizes = SHORT if context.quick else QUICK
    report = measure_durability(
        sizes, seed=context.seed, stages=_SHORT_STAGES if context.quick else None, on_stage=context.on_stage
    )
    faults = {name: stage for name, stage in report.stages.items() if name != "costs"}
    failed = sum(not fault.ok for fault in faults.values())
    document = report.as_json()
    tried = sum(_tried(stage) for stage in document.values() if isinstance(stage, dict))
    return Outcome(
        document,
        report.tables(),
        {f"{name}/ok": single_value(float(not fault.ok), "failed", LOWER) for name, fault in faults.items()},
        Section(
            [
                Text(_INTRO),
                Grid(("fault", "result"), [_row(name, fault.ok) for name, fault in faults.items()], strong=1),
            ]
        ),
        value=f"{failed} failed" if failed else "0 lost",
        answer=f"in {tried:,} stores after crashes, power cuts, full disks and corruption",
        ok=report.ok,
    )


def _tried(stage: dict[str, Any]) -> int:
    """Return in how many stores a fault was tried."""
    return next((int(stage[name]) for name in ("states", "trials", "cases", "count") if name in stage), 0)


def _row(name: str, ok: bool) -> tuple[str, str]:
    return name.replace("_", " "), "nothing lost or wrong" if ok else "LOST OR WRONG"


_INTRO = (
    "Writers are killed at random, the power is cut on a model of a disk that loses what was not synced, and files are "
    "corrupted. Afterwards everything acknowledged must be stored under its own label, or the store must report the "
    "corruption."
)

PART = Part("durability", "Does it lose anything?", measure)
