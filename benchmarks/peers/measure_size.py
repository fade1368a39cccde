"""Measure every peer with one number of vectors: each in its own process, all of them in turn."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.common.measurement import HIGHER, LOWER, Measurement, median_of, single_value
from benchmarks.errors import PeerFailed
from benchmarks.peers.disk_space import disk_space
from benchmarks.peers.registry import PeerInfo
from benchmarks.peers.synthetic_data import SyntheticData, label_of, make_data, save_data
from benchmarks.peers.worker_client import WorkerClient

#: Rows of one insert.
INSERT_BATCH = 1_000

#: Queries of one batch at most, and of the trial batch that finds how many a slow peer can take.
QUERY_BATCH = 1_000
_TRIAL_BATCH = 10

#: The share of `patience` that a peer may spend before it can be given up as too slow.
_MIN_SPENT = 0.1

#: Timed products of all vectors with a query.
_PRODUCTS = 20

MIB = 2**20


@dataclass(frozen=True)
class Effort:
    """How much to measure: `rounds` in which each peer has a turn, and `samples` single queries in all.

    `patience` is the limit in seconds of all inserts of a peer, and `turn` that of a turn of queries. A slower peer
    gets fewer queries, or is given up; the report says so.
    """

    rounds: int
    samples: int
    patience: float
    turn: float


FULL_EFFORT = Effort(rounds=5, samples=500, patience=180, turn=2)
QUICK_EFFORT = Effort(rounds=3, samples=60, patience=30, turn=1)


@dataclass(frozen=True)
class PeerResult:
    """One peer with one number of vectors; `failure` says what could not be measured, and why.

    `figures` are the measurements by name: `open` is the time from a new process to its first result, imports
    excluded; `memory` is the peak of the process that opens and searches. `many` is the size of a batch of queries.
    `labels_right` is the share of hits with their right label, None when hits have none.
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
    """The state of one peer's measurement; times are in seconds, those of single queries by round."""

    info: PeerInfo
    folder: Path
    client: WorkerClient
    insert_times: list[float] = field(default_factory=list)
    open_times: list[float] = field(default_factory=list)
    query_times: list[list[float]] = field(default_factory=list)
    batch_times: list[float] = field(default_factory=list)
    batch_size: int = 0
    figures: dict[str, Measurement] = field(default_factory=dict)
    labels_right: float | None = None
    failure: str | None = None


def measure_size(
    count: int,
    peers: Sequence[PeerInfo],
    folder: Path,
    *,
    threads: int,
    effort: Effort,
    seed: int,
    on_stage: Callable[[str], None] = lambda _: None,
) -> tuple[list[PeerResult], Measurement | None]:
    """Measure the peers with `count` vectors, in stores below `folder` that are removed afterwards.

    Return the results, and the memory limit: the time of the product of all vectors with a query.
    """
    data = make_data(count, QUERY_BATCH, seed)
    save_data(data, folder)
    with ExitStack() as stack:
        on_stage(f"{count:,} vectors: import")
        runs = _start(peers, folder, stack, threads)
        on_stage(f"{count:,} vectors: insert")
        _in_turn(runs, 0, lambda run: run.client.call("set_folders", str(folder), str(run.folder)))
        _insert(runs, count, effort)
        on_stage(f"{count:,} vectors: open")
        for number in range(effort.rounds):
            _in_turn(runs, number, lambda run: _open(run, folder))
        on_stage(f"{count:,} vectors: search")
        _search(runs, data, effort)
        limit = _memory_limit(runs)
    for run in runs:
        shutil.rmtree(run.folder, ignore_errors=True)
    return [_result(run, count) for run in runs], limit


def _start(peers: Sequence[PeerInfo], folder: Path, stack: ExitStack, threads: int) -> list[_Run]:
    """Start all processes, and wait until each has imported its library."""
    runs = []
    for number, info in enumerate(peers):
        store = folder / f"store {number}"
        store.mkdir()
        runs.append(_Run(info, store, stack.enter_context(WorkerClient(info.name, threads))))
    _in_turn(runs, 0, lambda run: run.client.wait_until_ready())
    return runs


def _in_turn(runs: list[_Run], first: int, step: Callable[[_Run], object]) -> None:
    """Run a step for each peer that has not failed, in a cyclic order from index `first`; record failures."""
    for offset in range(len(runs)):
        run = runs[(first + offset) % len(runs)]
        if run.failure is None:
            try:
                step(run)
            except PeerFailed as error:
                run.failure = str(error)


def _open(run: _Run, data: Path) -> None:
    """Close the store if it is open, and time opening it in a new process."""
    if run.open_times:
        run.client.call("close")
    run.client.restart()
    run.client.call("set_folders", str(data), str(run.folder))
    run.open_times.append(run.client.call("open"))


def _insert(runs: list[_Run], count: int, effort: Effort) -> None:
    _in_turn(runs, 0, lambda run: run.client.call("create"))
    for number, start in enumerate(range(0, count, INSERT_BATCH)):
        end = min(start + INSERT_BATCH, count)

        def insert(run: _Run, start: int = start, end: int = end) -> None:
            run.insert_times.append(run.client.call("insert", start, end - start))
            spent = sum(run.insert_times)
            expected = spent * count / end
            if expected > effort.patience and spent > effort.patience * _MIN_SPENT and end < count:
                raise PeerFailed(f"inserted {end:,} in {spent:.0f} s; all would take {expected:,.0f} s, not waited for")

        _in_turn(runs, number, insert)
    finish_times: dict[str, float] = {}
    _in_turn(runs, 0, lambda run: finish_times.update({run.info.name: run.client.call("finish")}))
    for run in runs:
        if run.insert_times:
            run.figures["insert"] = _insert_rate(run, count, finish_times.get(run.info.name, 0.0))
        if run.failure is None:
            run.figures["disk"] = single_value(disk_space(run.folder) / MIB, "MiB", LOWER)


def _insert_rate(run: _Run, count: int, finish_time: float) -> Measurement:
    inserts = len(run.insert_times)
    overall = min(count, inserts * INSERT_BATCH) / (sum(run.insert_times) + finish_time)
    low, high = (min(count, INSERT_BATCH) / float(np.percentile(run.insert_times, share)) for share in (95, 5))
    of = "all rows in all the time, finishing included; 5th and 95th percentile of the inserts"
    return Measurement(overall, min(low, overall), max(high, overall), "rows/s", HIGHER, inserts, of)


def _search(runs: list[_Run], data: SyntheticData, effort: Effort) -> None:
    count = effort.samples // effort.rounds
    for number in range(effort.rounds):

        def search(run: _Run, first: int = number * count) -> None:
            run.query_times.append(run.client.call("search", first, count, effort.turn))

        _in_turn(runs, number, search)

    def search_trial_batch(run: _Run) -> None:
        run.batch_size = _TRIAL_BATCH
        seconds = run.client.call("search_batch", _TRIAL_BATCH)
        run.batch_size = min(QUERY_BATCH, max(_TRIAL_BATCH, int(effort.turn * _TRIAL_BATCH / seconds)))
        if run.batch_size == _TRIAL_BATCH:
            run.batch_times.append(seconds)

    def search_batch(run: _Run) -> None:
        if sum(run.batch_times) < effort.rounds * effort.turn:
            run.batch_times.append(run.client.call("search_batch", run.batch_size))

    _in_turn(runs, 0, search_trial_batch)
    for number in range(effort.rounds):
        _in_turn(runs, number, search_batch)
    _in_turn(runs, 0, lambda run: _check_hits(run, data))


def _check_hits(run: _Run, data: SyntheticData) -> None:
    """Compare the hits of the last batch with the exact ones, and read the peak memory."""
    hits = run.client.call("hits")
    recall = data.recall([[number for number, _ in rows] for rows in hits])
    run.figures["recall"] = single_value(recall, "", HIGHER, len(hits))
    labels = [(number, label) for rows in hits for number, label in rows if label is not None]
    if labels:
        run.labels_right = sum(label_of(number) == label for number, label in labels) / len(labels)
    run.figures["memory"] = single_value(run.client.call("peak_memory") / MIB, "MiB", LOWER)


def _memory_limit(runs: list[_Run]) -> Measurement | None:
    """Time the product in the process of the first peer that has not failed, as its last task."""
    for run in runs:
        if run.failure is None:
            seconds = run.client.call("memory_limit", _PRODUCTS)
            return median_of([1000 * time for time in seconds], "ms", LOWER)
    return None


def _result(run: _Run, count: int) -> PeerResult:
    figures = dict(run.figures)
    if run.open_times:
        figures["open"] = median_of([1000 * seconds for seconds in run.open_times], "ms", LOWER)
    queries = sum(map(len, run.query_times))
    for share in (50, 95) if run.query_times else ():
        by_round = [1000 * float(np.percentile(times, share)) for times in run.query_times]
        figures[f"one_p{share}"] = median_of(by_round, "ms", LOWER, queries)
    if run.batch_times:
        figures["many"] = median_of([run.batch_size / seconds for seconds in run.batch_times], "queries/s", HIGHER)
    return PeerResult(
        name=run.info.name,
        version=run.info.version or "",
        exact=run.info.exact,
        note=run.info.note,
        vectors=count,
        figures=figures,
        many=run.batch_size,
        labels_right=run.labels_right,
        failure=run.failure,
    )
