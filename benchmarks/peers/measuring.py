"""Measure every peer at one size: each in its own process, all of them in turn."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.common.measurement import HIGHER, LOWER, Measurement, counted, median_of
from benchmarks.errors import PeerFailed
from benchmarks.peers.data import Data, drawn, label_of, written
from benchmarks.peers.registry import Known
from benchmarks.peers.worker_client import Remote

#: Rows of one insert.
BATCH = 1_000

#: Queries that are asked at once, and of the try before, which says how many a slow peer can be asked.
MANY = 1_000
_TRY = 10

#: The share of its patience after which a peer that will not come to its end within it is no longer waited for.
_SEEN_ENOUGH = 0.1

#: How often the product of all vectors with a query is timed.
_PRODUCTS = 20

MIB = 2**20


@dataclass(frozen=True)
class Effort:
    """How hard to measure: `rounds` in which each peer has its turn, `samples` single queries in all.

    `patience` is the seconds that inserting may take a peer in all, and a turn of asking `turn` seconds: what is slower
    is measured with fewer queries, or left out, and says so.
    """

    rounds: int
    samples: int
    patience: float
    turn: float


FULL = Effort(rounds=5, samples=500, patience=180, turn=2)
QUICK = Effort(rounds=3, samples=60, patience=30, turn=1)


@dataclass(frozen=True)
class Measured:
    """One peer at one size. `failure` says what could not be measured, and why.

    Opening is a new process' time until the first answer, imports not counted; memory the peak of the process that
    opened and asked. `labels_right` is the share of hits that came with their right label, None without labels.
    """

    name: str
    version: str
    exact: bool
    note: str
    vectors: int
    figures: dict[str, Measurement]
    many: int
    labels_right: float | None
    failure: str | None


@dataclass
class _Run:
    """What is known of a peer so far."""

    known: Known
    folder: Path
    inserts: list[float] = field(default_factory=list)
    opens: list[float] = field(default_factory=list)
    singles: list[list[float]] = field(default_factory=list)
    manys: list[float] = field(default_factory=list)
    figures: dict[str, Measurement] = field(default_factory=dict)
    remote: Remote | None = None
    many: int = 0
    labels_right: float | None = None
    failure: str | None = None


def measure_size(
    count: int,
    peers: Sequence[Known],
    folder: Path,
    *,
    threads: int,
    effort: Effort,
    seed: int,
    on_stage: Callable[[str], None] = lambda _: None,
) -> tuple[list[Measured], Measurement | None]:
    """Measure the peers with `count` vectors, in stores below `folder` that are removed afterwards.

    Return with them what the memory allows: the time of one product of all vectors with a query.
    """
    data = drawn(count, MANY, seed)
    written(data, folder)
    runs = [_Run(known, folder / known.module) for known in peers]
    with ExitStack() as stack:
        on_stage(f"{count:,} vectors: import")
        _start(runs, stack, threads)
        on_stage(f"{count:,} vectors: insert")
        _in_turn(runs, 0, lambda run, remote: remote.do("use", str(folder), str(run.folder)))
        _insert(runs, count, effort)
        on_stage(f"{count:,} vectors: open")
        for number in range(effort.rounds):
            _in_turn(runs, number, lambda run, remote: _open(run, remote, folder))
        on_stage(f"{count:,} vectors: ask")
        _ask(runs, data, effort)
        bound = _bound(runs)
    for run in runs:
        shutil.rmtree(run.folder, ignore_errors=True)
    return [_measured(run, count) for run in runs], bound


def _start(runs: list[_Run], stack: ExitStack, threads: int) -> None:
    """Start all processes at once, and wait until each has imported its library."""
    for run in runs:
        run.folder.mkdir()
        run.remote = stack.enter_context(Remote(run.known.name, threads))
    _in_turn(runs, 0, lambda _, remote: remote.ready())


def _open(run: _Run, remote: Remote, data: Path) -> None:
    """Let a new process open the store, which the one before it closed as it should."""
    if run.opens:
        remote.do("close")
    remote.renew()
    remote.do("use", str(data), str(run.folder))
    run.opens.append(remote.do("open"))


def _in_turn(runs: list[_Run], first: int, work: Callable[[_Run, Remote], object]) -> None:
    """Let each peer that has not failed do the same, beginning with another one each time."""
    for place in range(len(runs)):
        run = runs[(first + place) % len(runs)]
        if run.failure is None and run.remote is not None:
            try:
                work(run, run.remote)
            except PeerFailed as error:
                run.failure = str(error)


def _insert(runs: list[_Run], count: int, effort: Effort) -> None:
    _in_turn(runs, 0, lambda _, remote: remote.do("create"))
    for number, start in enumerate(range(0, count, BATCH)):
        rows = min(BATCH, count - start)

        def insert(run: _Run, remote: Remote, start: int = start, rows: int = rows) -> None:
            run.inserts.append(remote.do("insert", start, rows))
            spent = sum(run.inserts)
            expected = spent * count / (start + rows)
            if expected > effort.patience and spent > effort.patience * _SEEN_ENOUGH and start + rows < count:
                raise PeerFailed(
                    f"inserted {start + rows:,} in {spent:.0f} s; all would take {expected:,.0f} s, not waited for"
                )

        _in_turn(runs, number, insert)
    finished: dict[str, float] = {}
    _in_turn(runs, 0, lambda run, remote: finished.update({run.known.name: remote.do("finish")}))
    for run in runs:
        if run.inserts:
            rows = min(count, len(run.inserts) * BATCH)
            spent = sum(run.inserts) + finished.get(run.known.name, 0.0)
            low, high = (min(count, BATCH) / float(np.percentile(run.inserts, share)) for share in (95, 5))
            overall = rows / spent
            of = "all rows in all the time, finishing included; 5th and 95th percentile of the inserts"
            run.figures["insert"] = Measurement(
                overall, min(low, overall), max(high, overall), "rows/s", HIGHER, len(run.inserts), of
            )
        if run.failure is None:
            size = sum(path.stat().st_size for path in run.folder.rglob("*") if path.is_file())
            run.figures["disk"] = counted(size / MIB, "MiB", LOWER)


def _ask(runs: list[_Run], data: Data, effort: Effort) -> None:
    for number in range(effort.rounds):
        count = effort.samples // effort.rounds

        def ask(run: _Run, remote: Remote, first: int = number * count, count: int = count) -> None:
            run.singles.append(remote.do("ask", first, count, effort.turn))

        _in_turn(runs, number, ask)

    def tried(run: _Run, remote: Remote) -> None:
        run.many = _TRY
        seconds = remote.do("ask_many", _TRY)
        run.many = min(MANY, max(_TRY, int(effort.turn * _TRY / seconds)))
        if run.many == _TRY:
            run.manys.append(seconds)

    def ask_many(run: _Run, remote: Remote) -> None:
        if sum(run.manys) < effort.rounds * effort.turn:
            run.manys.append(remote.do("ask_many", run.many))

    _in_turn(runs, 0, tried)
    for number in range(effort.rounds):
        _in_turn(runs, number, ask_many)

    def judge(run: _Run, remote: Remote) -> None:
        found = remote.do("found")
        recall = data.recall([[place for place, _ in hits] for hits in found])
        run.figures["recall"] = counted(recall, "", HIGHER, len(found))
        labels = [(place, label) for hits in found for place, label in hits if label is not None]
        if labels:
            run.labels_right = sum(label_of(place) == label for place, label in labels) / len(labels)
        run.figures["memory"] = counted(remote.do("peak") / MIB, "MiB", LOWER)

    _in_turn(runs, 0, judge)


def _bound(runs: list[_Run]) -> Measurement | None:
    """Time the product in the process of the first peer that is still there; nothing else of it is measured after."""
    for run in runs:
        if run.failure is None and run.remote is not None:
            times = [1000 * seconds for seconds in run.remote.do("bound", _PRODUCTS)]
            return Measurement(float(np.median(times)), min(times), max(times), "ms", LOWER, len(times))
    return None


def _measured(run: _Run, count: int) -> Measured:
    figures = dict(run.figures)
    if run.opens:
        figures["open"] = median_of([1000 * seconds for seconds in run.opens], "ms", LOWER)
    asked = sum(map(len, run.singles))
    for share in (50, 95) if run.singles else ():
        by_round = [1000 * float(np.percentile(times, share)) for times in run.singles]
        figures[f"one_p{share}"] = median_of(by_round, "ms", LOWER, asked)
    if run.manys:
        figures["many"] = median_of([run.many / seconds for seconds in run.manys], "queries/s", HIGHER)
    return Measured(
        name=run.known.name,
        version=run.known.version or "",
        exact=run.known.exact,
        note=run.known.note,
        vectors=count,
        figures=figures,
        many=run.many,
        labels_right=run.labels_right,
        failure=run.failure,
    )
