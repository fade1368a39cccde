"""The comparison with what a user would pick instead, as one report."""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.common.measurement import HIGHER, LOWER, NO_VALUE, Measurement, counted, format_number
from benchmarks.errors import UnfitForBenchmark
from benchmarks.peers import measuring
from benchmarks.peers.crashes import ROWS, Kept, all_killed
from benchmarks.peers.data import DIM, K
from benchmarks.peers.measuring import MANY, Effort, Measured, measure_size
from benchmarks.peers.registry import KNOWN, Known

SIZES = (5_000, 60_000, 250_000)
QUICK_SIZES = (300, 1_500)
KILLS, QUICK_KILLS = 50, 2

#: The columns, in their order: a figure's name and what it is called.
COLUMNS = {
    "insert": "insert (rows/s)",
    "open": "open to first answer (ms)",
    "one_p50": "one query, p50 (ms)",
    "one_p95": "p95 (ms)",
    "many": f"up to {MANY:,} at once (queries/s)",
    "recall": f"recall@{K}",
    "disk": "on disk (MiB)",
    "memory": "peak memory (MiB)",
}


@dataclass(frozen=True)
class PeersReport:
    """Every peer at every size, and what became of their stores when they were killed.

    `absent` are the peers that are not installed, and so were not measured. `memory_limit`, by size, is the time of one
    product of all vectors with a query: nothing that compares every vector can answer sooner.
    """

    dim: int
    k: int
    threads: int
    seed: int
    effort: Effort
    absent: tuple[str, ...]
    measured: tuple[Measured, ...]
    kept: tuple[Kept, ...]
    memory_limit: dict[int, Measurement]

    @property
    def ok(self) -> bool:
        """Tell whether Lookalike was measured, found every neighbour under its own label, and lost nothing."""
        ours = [one for one in self.measured if one.name == "Lookalike"]
        kept = [one for one in self.kept if one.name == "Lookalike"]
        return (
            all(one.failure is None and one.labels_right == 1.0 and one.figures["recall"].value == 1.0 for one in ours)
            and all(not (one.failure or one.lost or one.wrong or one.half or one.unopened) for one in kept)
            and bool(ours)
        )

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        limits = {str(size): figure.as_json() for size, figure in self.memory_limit.items()}
        return asdict(self) | {"ok": self.ok, "memory_limit": limits}

    def figures(self) -> dict[str, Measurement]:
        """Return every figure under a name that is the same in every run."""
        found = {
            f"{one.vectors}/{one.name}/{name}": figure for one in self.measured for name, figure in one.figures.items()
        }
        for kept in self.kept:
            found[f"killed/{kept.name}/lost"] = counted(kept.lost, "rows", LOWER, kept.kills)
            found[f"killed/{kept.name}/unopened"] = counted(kept.unopened, "stores", LOWER, kept.kills)
        for one in self.measured:
            if one.labels_right is not None:
                found[f"{one.vectors}/{one.name}/labels"] = counted(one.labels_right, "", HIGHER)
        return found

    def tables(self) -> list[Table]:
        """Return the report as tables to print."""
        return [*(self._sized(size) for size in sorted({one.vectors for one in self.measured})), self._killed()]

    def _sized(self, size: int) -> Table:
        title = f"Peers: {size:,} vectors of {self.dim} dimensions, k = {self.k}, {self.threads} threads"
        table = Table(title=title, title_justify="left")
        for name in ("", *COLUMNS.values(), "labels"):
            table.add_column(name, justify="right" if name else "left")
        for one in self.measured:
            if one.vectors == size:
                cells = [
                    format_number(one.figures[name].value) if name in one.figures else NO_VALUE for name in COLUMNS
                ]
                table.add_row(one.name, *cells, labels_shown(one))
        reasons = [f"{one.name}: {one.failure}" for one in self.measured if one.vectors == size and one.failure]
        table.caption = "; ".join(reasons) or None
        return table

    def _killed(self) -> Table:
        table = Table(title=f"Killed while inserting {ROWS} rows", title_justify="left")
        for name in (
            "",
            "kills",
            "acknowledged rows",
            "lost",
            "wrong labels",
            "half inserts",
            "do not open",
            "flushes",
        ):
            table.add_column(name, justify="right" if name else "left")
        for one in self.kept:
            counts = (one.kills, one.acknowledged, one.lost, one.wrong, one.half, one.unopened)
            table.add_row(one.name, *(f"{count:,}" for count in counts), flushes_shown(one))
        return table


def labels_shown(one: Measured) -> str:
    """Return whether labels come with the answers, and whether they are the right ones."""
    if one.labels_right is None:
        return "no" if "recall" in one.figures else NO_VALUE
    return "yes" if one.labels_right == 1.0 else f"{100 * one.labels_right:.1f} % right"


def flushes_shown(one: Kept) -> str:
    """Return how often an insert flushes to the disk."""
    return "not watched" if one.flushes is None else f"{one.flushes:.0f}"


def measure_peers(
    sizes: Sequence[int] = SIZES,
    *,
    kills: int = KILLS,
    effort: Effort = measuring.FULL,
    threads: int | None = None,
    seed: int = 0,
    peers: Sequence[str] = tuple(KNOWN),
    on_stage: Callable[[str], None] = lambda _: None,
) -> PeersReport:
    """Measure Lookalike and the peers that are installed, in turn, and kill those that claim to keep their rows.

    Raise UnfitForBenchmark for a peer that is not known, or a size that is too small.
    """
    chosen = [_known(name) for name in peers]
    if min(sizes, default=0) < K + 2:
        raise UnfitForBenchmark(f"expected sizes of at least {K + 2} vectors, got {sorted(sizes)}: give larger ones")
    there = [known for known in chosen if known.version is not None]
    absent = tuple(known.name for known in chosen if known.version is None)
    for name in absent:
        on_stage(f"{name} IS NOT INSTALLED AND IS LEFT OUT: install the extra `peers`")
    used = threads or _usable_cores()
    measured: list[Measured] = []
    limits: dict[int, Measurement] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="lookalike-") as folder:
            found, limit = measure_size(
                size, there, Path(folder), threads=used, effort=effort, seed=seed, on_stage=on_stage
            )
            measured += found
            limits |= {} if limit is None else {size: limit}
    kept = all_killed(there, kills, seed=seed, threads=used, on_stage=on_stage) if kills else []
    return PeersReport(DIM, K, used, seed, effort, absent, tuple(measured), tuple(kept), limits)


def _known(name: str) -> Known:
    if name not in KNOWN:
        raise UnfitForBenchmark(f"expected a peer of {', '.join(KNOWN)}, got {name!r}: name one of these")
    return KNOWN[name]


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
