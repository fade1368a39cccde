"""Compared with what? The same vectors and queries through what a user would pick instead."""

from collections.abc import Callable, Mapping

from benchmarks.common.measurement import NO_VALUE, Measurement, format_number
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.plots import Line, draw_lines
from benchmarks.parts.section import Block, Grid, Heading, Picture, Section, Text, grid_of
from benchmarks.peers.crashes import CrashResult
from benchmarks.peers.measure_size import FULL_EFFORT, QUICK_EFFORT, PeerResult
from benchmarks.peers.peers_report import (
    COLUMNS,
    KILLS,
    QUICK_KILLS,
    QUICK_SIZES,
    SIZES,
    PeersReport,
    flushes_cell,
    labels_cell,
    measure_peers,
    value_cells,
)
from benchmarks.peers.registry import PEERS


def measure(context: Context) -> Outcome:
    """Measure all peers that are installed."""
    report = measure_peers(
        QUICK_SIZES if context.quick else SIZES,
        kills=QUICK_KILLS if context.quick else KILLS,
        effort=QUICK_EFFORT if context.quick else FULL_EFFORT,
        seed=context.seed,
        on_stage=context.on_stage,
    )
    others = len({result.name for result in report.measured}) - 1
    return Outcome(
        report.as_json(),
        report.tables(),
        report.figures(),
        Section(blocks(report)),
        value=f"{others} others",
        answer=answer(report),
        ok=report.ok,
    )


def answer(report: PeersReport) -> str:
    """Return the latency of one query of Lookalike, of the fastest peer with labels, and of the fastest without."""
    size = max(result.vectors for result in report.measured if result.name == "Lookalike" and _latency(result))
    latencies = {result.name: result.figures["one_p50"].value for result in report.at(size) if result.many}
    labelled = {result.name for result in report.measured if result.labels_right is not None}
    parts = [f"one query of {size:,}: Lookalike {format_number(latencies.pop('Lookalike'))} ms"]
    for kind, names in (
        ("fastest with labels", latencies.keys() & labelled),
        ("without", latencies.keys() - labelled),
    ):
        if names:
            best = min(names, key=latencies.__getitem__)
            approximate = "" if PEERS[best].exact else " (approximate)"
            parts.append(f"{kind}: {best}, {format_number(latencies[best])} ms{approximate}")
    if report.absent:
        parts.append(f"not installed: {', '.join(report.absent)}")
    return "; ".join(parts)


def blocks(report: PeersReport) -> list[Block]:
    """Return the comparison as blocks of a section."""
    shown: list[Block] = [Text(_INTRO.format(k=report.k, dim=report.dim, threads=report.threads))]
    if report.absent:
        shown.append(
            Text(f"NOT INSTALLED, NOT MEASURED: {', '.join(report.absent)}. Run `make peers` and measure again.")
        )
    if len(report.sizes) > 1:
        shown.append(_plot(report))
    for size in report.sizes:
        results = report.at(size)
        shown += [Heading(f"{size:,} vectors"), _size_grid(results)]
        shown += [Text(f"{result.name}: {result.failure}.", faint=True) for result in results if result.failure]
    by_name = {result.name: result for result in report.measured}
    shown += [Heading("Notes on each peer"), grid_of(list(by_name.values()), _NOTE_COLUMNS)]
    if report.crashes:
        shown += [Heading("Killed while inserting"), Text(_CRASHES), grid_of(report.crashes, _CRASH_COLUMNS, strong=3)]
    return shown


_INTRO = (
    "The same {dim}-dimensional vectors, queries and k = {k} for all peers, each in its own process on {threads} "
    "processor(s), measured in turn in one run. Each call is the one that the library's own users make, and returns "
    "what the library stores: for Lookalike and the stores, the label too. Values are medians of the rounds. Opening "
    "is the time from a new process to its first result, imports excluded; memory is the peak of the process that "
    "opens and searches, one query at a time and in batches, interpreter and library included."
)
_CRASHES = (
    "Each store, of 2,000 rows, is killed (kill -9) during an insert, after acknowledged ones, and then opened. "
    "Partial inserts are stores with a part of the interrupted insert. Flushes are the system calls per insert that "
    "write data to the disk: surviving a kill does not need them, surviving a power loss does."
)


def _size_grid(results: list[PeerResult]) -> Grid:
    return Grid(
        ("", *COLUMNS.values(), "labels returned", "p50, lowest to highest round"),
        [(result.name, *value_cells(result), labels_cell(result), _spread(result)) for result in results],
        strong=3,
    )


def _latency(result: PeerResult) -> Measurement | None:
    """Return the latency of one query, None where it could not be measured."""
    return result.figures.get("one_p50")


def _spread(result: PeerResult) -> str:
    latency = _latency(result)
    return f"{format_number(latency.low)} to {format_number(latency.high)}" if latency else NO_VALUE


_NOTE_COLUMNS: Mapping[str, Callable[[PeerResult], str]] = {
    "": lambda result: result.name,
    "version": lambda result: result.version,
    "exact": lambda result: "yes" if result.exact else "no",
    "note": lambda result: result.note,
}

_CRASH_COLUMNS: Mapping[str, Callable[[CrashResult], str]] = {
    "": lambda crash: crash.name,
    "kills": lambda crash: f"{crash.kills:,}",
    "acknowledged rows": lambda crash: f"{crash.acknowledged:,}",
    "rows lost": lambda crash: f"{crash.lost:,}",
    "stores that lost some": lambda crash: f"{crash.losing:,}",
    "wrong labels": lambda crash: f"{crash.wrong:,}",
    "partial inserts": lambda crash: f"{crash.half:,}",
    "stores that fail to open": lambda crash: f"{crash.unopened:,}",
    "flushes per insert": flushes_cell,
}


def _plot(report: PeersReport) -> Picture:
    curves = []
    for name in PEERS:
        points = [
            (float(result.vectors), latency.value)
            for result in report.measured
            if result.name == name and (latency := _latency(result))
        ]
        if points:
            curves.append(Line(name, points, ours=name == "Lookalike"))
    limit = [(float(size), figure.value) for size, figure in sorted(report.memory_limit.items())]
    if limit:
        curves.append(Line("memory limit", limit, bound=True))
    return Picture(
        "peers.svg",
        draw_lines(curves, "vectors", "milliseconds for one query, p50"),
        "Lines: the latency of one query against the number of vectors, for each peer",
        "One query, median, against the number of stored vectors; both axes logarithmic. The memory limit is the time "
        "of the product of all vectors with the query: no search that compares every vector can be faster, but an "
        "approximate index can.",
    )


PART = Part("peers", "Compared with what?", measure)
