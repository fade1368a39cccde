"""Measure all faults and all costs, and report them together."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from rich.table import Table

from benchmarks.durability.corruption.corruption_report import (
    CorruptionReport,
    corrupt_catalog,
    corrupt_columns,
    corrupt_index,
)
from benchmarks.durability.costs import CostReport, measure_costs
from benchmarks.durability.crashes.crash_report import (
    CrashReport,
    crash_at_each_call,
    crash_at_each_system_call,
    crash_at_random,
    drop_at_each_call,
)
from benchmarks.durability.failing_calls.failing_calls_report import FailingCallsReport, fail_calls
from benchmarks.durability.long_readers.long_readers_report import LongReadersReport, read_beside_writer
from benchmarks.durability.power_loss.power_loss_report import PowerLossReport, cut_power

#: The report on one kind of fault, or on the costs.
StageReport = CrashReport | PowerLossReport | FailingCallsReport | CorruptionReport | LongReadersReport | CostReport


@dataclass(frozen=True)
class Sizes:
    """How often each fault is tried, and the numbers of vectors that are read and at which the costs are measured.

    Of the system calls, every `stride`-th is made to fail, and a writer is killed at it.
    """

    kills: int
    power_cuts: int
    stride: int
    index_damages: int
    catalog_damages: int
    read: int
    stored: int
    large: int


FULL = Sizes(
    kills=5_000,
    power_cuts=5_000,
    stride=1,
    index_damages=20_000,
    catalog_damages=2_000,
    read=300_000,
    stored=70_000,
    large=1_000_000,
)
QUICK = Sizes(
    kills=200,
    power_cuts=500,
    stride=23,
    index_damages=2_000,
    catalog_damages=400,
    read=20_000,
    stored=10_000,
    large=50_000,
)


@dataclass(frozen=True)
class DurabilityReport:
    """The outcome of each kind of fault, and the costs of durability."""

    seed: int
    stages: Mapping[str, StageReport]

    @property
    def ok(self) -> bool:
        """Return whether nothing was lost, wrong, or unnoticed."""
        return all(stage.ok for stage in self.stages.values())

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON, by stage."""
        return {"ok": self.ok, "seed": self.seed, **{name: stage.as_json() for name, stage in self.stages.items()}}

    def tables(self) -> list[Table]:
        """Return the report as tables to print."""
        return [stage.table() for stage in self.stages.values()]


def measure_durability(
    sizes: Sizes = FULL,
    *,
    seed: int = 0,
    stages: Collection[str] | None = None,
    on_stage: Callable[[str], None] = lambda _: None,
) -> DurabilityReport:
    """Try each kind of fault on stores, and measure the costs of durability; only the named `stages`, if given."""
    all_stages: dict[str, Callable[[], StageReport]] = {
        "kills_at_random": partial(crash_at_random, sizes.kills, seed),
        "kills_at_each_call": partial(crash_at_each_call, seed=seed),
        "dropped_stores": partial(drop_at_each_call, seed=seed),
        "kills_at_each_system_call": partial(crash_at_each_system_call, stride=sizes.stride, seed=seed),
        "power_cuts": partial(cut_power, sizes.power_cuts, seed),
        "refusals": partial(fail_calls, stride=sizes.stride, seed=seed),
        "index_damages": partial(corrupt_index, sizes.index_damages, seed),
        "columns_damages": partial(corrupt_columns, sizes.index_damages, seed),
        "catalog_damages": partial(corrupt_catalog, sizes.catalog_damages, seed),
        "long_readers": partial(read_beside_writer, sizes.read),
        "costs": partial(measure_costs, stored=sizes.stored, large=sizes.large),
    }
    reports = {}
    for name, measure in all_stages.items():
        if stages is None or name in stages:
            on_stage(name.replace("_", " "))
            reports[name] = measure()
    return DurabilityReport(seed, reports)
