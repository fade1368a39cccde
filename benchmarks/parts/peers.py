"""Compared with what? The same vectors and queries through what a user would pick instead."""

from benchmarks.common.measurement import NO_VALUE, format_number
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.plots import Line, draw_lines
from benchmarks.parts.section import Block, Grid, Heading, Picture, Section, Text
from benchmarks.peers import measuring
from benchmarks.peers.measuring import Measured
from benchmarks.peers.registry import KNOWN
from benchmarks.peers.report import (
    COLUMNS,
    KILLS,
    QUICK_KILLS,
    QUICK_SIZES,
    SIZES,
    PeersReport,
    flushes_shown,
    labels_shown,
    measure_peers,
)


def measure(context: Context) -> Outcome:
    """Measure all peers that are installed."""
    report = measure_peers(
        QUICK_SIZES if context.quick else SIZES,
        kills=QUICK_KILLS if context.quick else KILLS,
        effort=measuring.QUICK if context.quick else measuring.FULL,
        seed=context.seed,
        on_stage=context.on_stage,
    )
    others = len({one.name for one in report.measured}) - 1
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
    """Return what one query takes us, and the fastest of those with labels and of those without."""
    size = max(one.vectors for one in report.measured if one.name == "Lookalike" and "one_p50" in one.figures)
    took = {one.name: one.figures["one_p50"].value for one in report.measured if one.vectors == size and one.many}
    labelled = {one.name for one in report.measured if one.labels_right is not None}
    words = [f"one query of {size:,}: Lookalike {format_number(took.pop('Lookalike'))} ms"]
    for what, chosen in (("fastest with labels", took.keys() & labelled), ("without", took.keys() - labelled)):
        if chosen:
            best = min(chosen, key=lambda name: took[name])
            words.append(
                f"{what}: {best}, {format_number(took[best])} ms{'' if KNOWN[best].exact else ' (approximate)'}"
            )
    if report.absent:
        words.append(f"not installed: {', '.join(report.absent)}")
    return "; ".join(words)


def blocks(report: PeersReport) -> list[Block]:
    """Return what a reader sees of the comparison."""
    found: list[Block] = [Text(_INTRO.format(k=report.k, dim=report.dim, threads=report.threads))]
    if report.absent:
        found.append(
            Text(f"NOT INSTALLED AND LEFT OUT: {', '.join(report.absent)}. Run `make peers` and measure again.")
        )
    sizes = sorted({one.vectors for one in report.measured})
    if len(sizes) > 1:
        found.append(_plot(report))
    for size in sizes:
        found += [Heading(f"{size:,} vectors"), _grid(report, size)]
        found += [
            Text(f"{one.name}: {one.failure}.", faint=True)
            for one in report.measured
            if one.vectors == size and one.failure
        ]
    found += [Heading("What else to know of each"), _notes(report)]
    if report.kept:
        found += [Heading("Killed while inserting"), Text(_KILLED), _killed(report)]
    return found


_INTRO = (
    "The same {dim}-dimensional vectors, queries and k = {k} for all, each in a process of its own on {threads} "
    "processor(s), asked in turn in one run. Each call is the one that the library's own users make, and returns what "
    "it keeps: for Lookalike and the stores that includes the label. Figures are medians of the rounds. Opening is the "
    "time of a new process until its first answer, imports not counted; memory is the peak of the process that opens "
    "and asks, one query after another and many at once, interpreter and library included."
)
_KILLED = (
    "Each store, of 2,000 rows, is killed (kill -9) during an insert, after others were acknowledged, and opened. "
    "Half inserts are stores that show a part of the interrupted one. Flushes are the calls per insert that ask the "
    "system to put data on the disk: a kill does not need them, a power cut does."
)


def _grid(report: PeersReport, size: int) -> Grid:
    return Grid(
        ("", *COLUMNS.values(), "labels come back", "p50, lowest to highest round"),
        [
            (
                one.name,
                *(format_number(one.figures[name].value) if name in one.figures else NO_VALUE for name in COLUMNS),
                labels_shown(one),
                _spread(one),
            )
            for one in report.measured
            if one.vectors == size
        ],
        strong=3,
    )


def _spread(one: Measured) -> str:
    if "one_p50" not in one.figures:
        return NO_VALUE
    return f"{format_number(one.figures['one_p50'].low)} to {format_number(one.figures['one_p50'].high)}"


def _notes(report: PeersReport) -> Grid:
    seen = {one.name: one for one in report.measured}
    return Grid(
        ("", "version", "exact", "note"),
        [(one.name, one.version, "yes" if one.exact else "no", one.note) for one in seen.values()],
    )


def _killed(report: PeersReport) -> Grid:
    return Grid(
        (
            *("", "kills", "acknowledged rows", "rows lost", "stores that lost some", "wrong labels", "half inserts"),
            *("do not open", "flushes an insert"),
        ),
        [
            (
                one.name,
                *(f"{count:,}" for count in (one.kills, one.acknowledged, one.lost, one.losing)),
                *(f"{count:,}" for count in (one.wrong, one.half, one.unopened)),
                flushes_shown(one),
            )
            for one in report.kept
        ],
        strong=3,
    )


def _plot(report: PeersReport) -> Picture:
    drawn = []
    for name in KNOWN:
        points = [
            (float(one.vectors), one.figures["one_p50"].value)
            for one in report.measured
            if one.name == name and "one_p50" in one.figures
        ]
        if points:
            drawn.append(Line(name, points, ours=name == "Lookalike"))
    limit = [(float(size), figure.value) for size, figure in sorted(report.memory_limit.items())]
    if limit:
        drawn.append(Line("memory limit", limit, bound=True))
    return Picture(
        "peers.svg",
        draw_lines(drawn, "vectors", "milliseconds for one query, p50"),
        "Lines: the latency of one query against the number of vectors, for each peer",
        "One query, median, against the number of stored vectors; both axes logarithmic. The memory limit is the time "
        "of one product of all vectors with the query: nothing that compares every vector can answer sooner, an "
        "approximate index can.",
    )


PART = Part("peers", "Compared with what?", measure)
