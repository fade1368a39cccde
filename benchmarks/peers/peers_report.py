"""The report of Lookalike beside its peers."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.common.machine import usable_cores
from benchmarks.common.measurement import HIGHER, LOWER, NO_VALUE, Measurement, format_number, single_value
from benchmarks.errors import UnfitForBenchmark
from benchmarks.peers.crashes import INSERT_ROWS, CrashResult, crash_peers
from benchmarks.peers.measure_size import FULL_EFFORT, QUERY_BATCH, Effort, PeerResult, measure_size
from benchmarks.peers.registry import PEERS, PeerInfo
from benchmarks.peers.synthetic_data import DIM, K

SIZES = (5_000, 60_000, 250_000)
QUICK_SIZES = (300, 1_500)
KILLS, QUICK_KILLS = 50, 2

#: The columns of the tables: a measurement's name and its heading.
COLUMNS = {
    "insert": "insert (rows/s)",
    "open": "open to first answer (ms)",
    "one_p50": "one query, p50 (ms)",
    "one_p95": "p95 (ms)",
    "many": f"up to {QUERY_BATCH:,} at once (queries/s)",
    "recall": f"recall@{K}",
    "disk": "on disk (MiB)",
    "memory": "peak memory (MiB)",
}


@dataclass(frozen=True)
class PeersReport:
    """Every peer at every size, and what crashes left of their stores.

    `absent` are the peers that are not installed. `memory_limit`, by size, is the time of the product of all vectors
    with a query: nothing that compares every vector can be faster.
    """

    dim: int
    k: int
    threads: int
    seed: int
    effort: Effort
    absent: tuple[str, ...]
    measured: tuple[PeerResult, ...]
    crashes: tuple[CrashResult, ...]
    memory_limit: dict[int, Measurement]

    @property
    def sizes(self) -> list[int]:
        """Return the measured numbers of vectors in ascending order."""
        return sorted({result.vectors for result in self.measured})

    @property
    def ok(self) -> bool:
        """Return whether Lookalike was measured, found every neighbour under its own label, and lost nothing."""
        results = [result for result in self.measured if result.name == "Lookalike"]
        crashes = [crash for crash in self.crashes if crash.name == "Lookalike"]
        return (
            bool(results)
            and all(
                result.failure is None and result.labels_right == 1.0 and result.figures["recall"].value == 1.0
                for result in results
            )
            and not any(crash.failure or crash.lost or crash.wrong or crash.half or crash.unopened for crash in crashes)
        )

    def at(self, size: int) -> list[PeerResult]:
        """Return the results of one size."""
        return [result for result in self.measured if result.vectors == size]

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        document = asdict(self)
        document["kept"] = document.pop("crashes")
        document["memory_limit"] = {str(size): asdict(limit) for size, limit in self.memory_limit.items()}
        return document | {"ok": self.ok}

    def figures(self) -> dict[str, Measurement]:
        """Return every measurement under a name that is the same in every run."""
        figures = {
            f"{result.vectors}/{result.name}/{name}": figure
            for result in self.measured
            for name, figure in result.figures.items()
        }
        for crash in self.crashes:
            figures[f"killed/{crash.name}/lost"] = single_value(crash.lost, "rows", LOWER, crash.kills)
            figures[f"killed/{crash.name}/unopened"] = single_value(crash.unopened, "stores", LOWER, crash.kills)
        for result in self.measured:
            if result.labels_right is not None:
                figures[f"{result.vectors}/{result.name}/labels"] = single_value(result.labels_right, "", HIGHER)
        return figures

    def tables(self) -> list[Table]:
        """Return the report as tables to print."""
        return [*map(self._size_table, self.sizes), self._crash_table()]

    def _size_table(self, size: int) -> Table:
        title = f"Peers: {size:,} vectors of {self.dim} dimensions, k = {self.k}, {self.threads} threads"
        table = _table(title, (*COLUMNS.values(), "labels"))
        results = self.at(size)
        for result in results:
            table.add_row(result.name, *value_cells(result), labels_cell(result))
        table.caption = "; ".join(f"{result.name}: {result.failure}" for result in results if result.failure) or None
        return table

    def _crash_table(self) -> Table:
        columns = ("kills", "acknowledged rows", "lost", "wrong labels", "partial inserts", "fail to open", "flushes")
        table = _table(f"Killed while inserting {INSERT_ROWS} rows", columns)
        for crash in self.crashes:
            counts = (crash.kills, crash.acknowledged, crash.lost, crash.wrong, crash.half, crash.unopened)
            table.add_row(crash.name, *(f"{count:,}" for count in counts), flushes_cell(crash))
        return table


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in columns:
        table.add_column(name, justify="right")
    return table


def value_cells(result: PeerResult) -> list[str]:
    """Return the cells of the columns."""
    return [format_number(result.figures[name].value) if name in result.figures else NO_VALUE for name in COLUMNS]


def labels_cell(result: PeerResult) -> str:
    """Return whether hits come with labels, and with the right ones."""
    if result.labels_right is None:
        return "no" if "recall" in result.figures else NO_VALUE
    return "yes" if result.labels_right == 1.0 else f"{100 * result.labels_right:.1f} % right"


def flushes_cell(crash: CrashResult) -> str:
    """Return how often an insert flushes to the disk."""
    return "not watched" if crash.flushes is None else f"{crash.flushes:.0f}"


def measure_peers(
    sizes: Sequence[int] = SIZES,
    *,
    kills: int = KILLS,
    effort: Effort = FULL_EFFORT,
    threads: int | None = None,
    seed: int = 0,
    peers: Sequence[str] = tuple(PEERS),
    on_stage: Callable[[str], None] = lambda _: None,
) -> PeersReport:
    """Measure the peers that are installed, in turn, and crash those that promise to persist their inserts.

    Raise UnfitForBenchmark for an unknown peer, or a size that is too small.
    """
    chosen = [_peer_info(name) for name in peers]
    if min(sizes, default=0) < K + 2:
        raise UnfitForBenchmark(f"expected sizes of at least {K + 2} vectors, got {sorted(sizes)}: give larger ones")
    installed = [info for info in chosen if info.version is not None]
    absent = tuple(info.name for info in chosen if info.version is None)
    for name in absent:
        on_stage(f"{name} IS NOT INSTALLED, NOT MEASURED: install the extra `peers`")
    cores = threads or usable_cores()
    measured: list[PeerResult] = []
    memory_limit: dict[int, Measurement] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="lookalike-") as folder:
            results, limit = measure_size(
                size, installed, Path(folder), threads=cores, effort=effort, seed=seed, on_stage=on_stage
            )
        measured += results
        if limit is not None:
            memory_limit[size] = limit
    crashes = crash_peers(installed, kills, seed=seed, threads=cores, on_stage=on_stage) if kills else []
    return PeersReport(DIM, K, cores, seed, effort, absent, tuple(measured), tuple(crashes), memory_limit)


def _peer_info(name: str) -> PeerInfo:
    if name not in PEERS:
        raise UnfitForBenchmark(f"expected a peer of {', '.join(PEERS)}, got {name!r}: name one of these")
    return PEERS[name]
