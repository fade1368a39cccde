"""All faults and all costs in one report."""

import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from rich.table import Table

from benchmarks.durability.corruption.damage import damage_catalog, damage_index
from benchmarks.durability.crashes.kills import killed_at_each_call, killed_at_each_system_call, killed_at_random
from benchmarks.durability.failing_calls.refusals import refuse
from benchmarks.durability.power_loss.power_cuts import cut_power
from benchmarks.durability.speed import measure_speed
from tests.durability.mutants.mutation_testing import planted_bugs_caught


class Part(Protocol):
    """One kind of fault, or the costs, as it was measured."""

    @property
    def ok(self) -> bool:
        """Tell whether nothing was lost or wrong."""
        ...

    def as_json(self) -> dict[str, Any]:
        """Return the part as JSON."""
        ...

    def table(self) -> Table:
        """Return the part as a table to print."""
        ...


@dataclass(frozen=True)
class Sizes:
    """How often each fault is tried, and at how many vectors the costs are measured.

    Of the system calls, every `stride`-th is refused or is the last.
    """

    kills: int
    power_cuts: int
    stride: int
    index_damages: int
    catalog_damages: int
    stored: int
    large: int


FULL = Sizes(5_000, 5_000, 1, 20_000, 2_000, 70_000, 1_000_000)
QUICK = Sizes(200, 500, 23, 2_000, 400, 10_000, 50_000)


@dataclass(frozen=True)
class DurabilityReport:
    """What became of stores that were broken in every way, and what it costs to withstand that."""

    seed: int
    parts: Mapping[str, Part]

    @property
    def ok(self) -> bool:
        """Tell whether nothing was lost, wrong, or not noticed."""
        return all(part.ok for part in self.parts.values())

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON, by part."""
        return {"ok": self.ok, "seed": self.seed, **{name: part.as_json() for name, part in self.parts.items()}}

    def tables(self) -> list[Table]:
        """Return the report as tables to print."""
        return [part.table() for part in self.parts.values()]


def measure_durability(
    sizes: Sizes = FULL,
    *,
    seed: int = 0,
    stages: Collection[str] | None = None,
    on_stage: Callable[[str], None] = lambda _: None,
) -> DurabilityReport:
    """Break stores in every way, measure what it costs to withstand that, and report both; or only some `stages`."""
    all_stages: dict[str, Callable[[], Part]] = {
        "kills_at_random": partial(killed_at_random, sizes.kills, seed),
        "kills_at_each_call": partial(killed_at_each_call, seed=seed),
        "kills_at_each_system_call": partial(killed_at_each_system_call, stride=sizes.stride, seed=seed),
        "power_cuts": partial(cut_power, sizes.power_cuts, seed),
        "refusals": partial(refuse, stride=sizes.stride, seed=seed),
        "index_damages": partial(damage_index, sizes.index_damages, seed),
        "catalog_damages": partial(damage_catalog, sizes.catalog_damages, seed),
        "planted_bugs": planted_bugs_caught,
        "costs": partial(_costs, sizes),
    }
    parts = {}
    for name, measure in all_stages.items():
        if stages is not None and name not in stages:
            continue
        on_stage(name.replace("_", " "))
        parts[name] = measure()
    return DurabilityReport(seed, parts)


def _costs(sizes: Sizes) -> Part:
    with tempfile.TemporaryDirectory() as folder:
        return measure_speed(Path(folder), stored=sizes.stored, large=sizes.large)
