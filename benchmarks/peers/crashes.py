"""Kill each peer's process while it inserts, and check the store afterwards."""

import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.errors import PeerFailed
from benchmarks.peers.registry import PeerInfo
from benchmarks.peers.synthetic_data import label_of, make_data, save_data
from benchmarks.peers.worker import DONE
from benchmarks.peers.worker_client import WorkerClient

#: Rows of the store before the crash, and rows of one insert.
BASE_ROWS = 2_000
INSERT_ROWS = 20

#: The largest number of inserts before the one that is killed.
_MAX_INSERTS = 8

#: Inserts whose flushes are counted.
_TRACED_INSERTS = 5

#: Seconds that a store may take to open.
_OPEN_TIMEOUT = 60.0

_FLUSH_CALLS = "fsync,fdatasync,msync,sync_file_range"


@dataclass(frozen=True)
class CrashResult:
    """The faults of copies of a peer's store after kills, each during an insert that follows acknowledged ones.

    `lost` is the number of acknowledged rows that are missing, and `losing` that of stores that miss any; `wrong` is
    the number of rows with another row's label, `half` that of stores with a part of the interrupted insert, and
    `unopened` that of stores that do not open, for `reasons`. `flushes` is the number of system calls per insert that
    flush to the disk before it returns, None without strace: without a flush, a power loss may take acknowledged rows.
    """

    name: str
    version: str
    kills: int
    acknowledged: int
    lost: int
    losing: int
    wrong: int
    half: int
    unopened: int
    flushes: float | None
    failure: str | None
    reasons: tuple[str, ...] = ()


def crash_peers(
    peers: Sequence[PeerInfo],
    kills: int,
    *,
    seed: int,
    threads: int,
    on_stage: Callable[[str], None] = lambda _: None,
) -> list[CrashResult]:
    """Crash each of the peers that promise to persist their inserts."""
    results = []
    for info in peers:
        if info.persists:
            on_stage(f"{info.name}: killed {kills} times")
            results.append(crash_peer(info, kills, seed=seed, threads=threads))
    return results


def crash_peer(info: PeerInfo, kills: int, *, seed: int, threads: int, base_rows: int = BASE_ROWS) -> CrashResult:
    """Kill a peer's process `kills` times at random moments of an insert into a copy of the same store."""
    generator = np.random.default_rng(seed)
    counts: Counter[str] = Counter()
    failure, flushes, completed = None, None, 0
    reasons: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="lookalike-") as name,
        WorkerClient(info.name, threads, persistent=True) as client,
    ):
        folder = Path(name)
        save_data(make_data(base_rows + INSERT_ROWS * (_MAX_INSERTS + 2), INSERT_ROWS, seed), folder)
        try:
            flushes = _flushes_per_insert(info, folder, threads)
            client.wait_until_ready()
            _create_base(client, folder, folder / "base", base_rows)
            for number in range(kills):
                store = folder / f"store {number}"
                shutil.copytree(folder / "base", store)
                acknowledged = _kill_during_insert(client, folder, store, base_rows, generator)
                counts["acknowledged"] += acknowledged
                counts += _count_faults(client, acknowledged, folder, store, reasons)
                client.restart()
                shutil.rmtree(store, ignore_errors=True)
                completed += 1
        except PeerFailed as error:
            failure = str(error)
    return CrashResult(
        info.name,
        info.version or "",
        completed,
        acknowledged=counts["acknowledged"],
        lost=counts["lost"],
        losing=counts["losing"],
        wrong=counts["wrong"],
        half=counts["half"],
        unopened=counts["unopened"],
        flushes=flushes,
        failure=failure,
        reasons=tuple(reasons),
    )


def _create_base(client: WorkerClient, data: Path, store: Path, rows: int) -> None:
    """Create the store that every crash gets a copy of."""
    store.mkdir()
    client.call("set_folders", str(data), str(store))
    client.call("create")
    client.call("insert", 0, rows)
    client.call("finish")
    client.restart()


def _kill_during_insert(
    client: WorkerClient, data: Path, store: Path, base_rows: int, generator: np.random.Generator
) -> int:
    """Kill the process during one of several inserts, and return how many rows were acknowledged, base included."""
    inserts = int(generator.integers(1, _MAX_INSERTS + 1))
    client.call("set_folders", str(data), str(store))
    client.call("reopen", True)
    times = [client.call("insert", base_rows + number * INSERT_ROWS, INSERT_ROWS) for number in range(inserts)]
    client.send("insert", base_rows + inserts * INSERT_ROWS, INSERT_ROWS)
    time.sleep(float(generator.uniform(0, 1.2 * min(times))))
    # The insert may have returned before the kill; then it is acknowledged as well.
    outcomes = [outcome for outcome, _ in client.restart()]
    return base_rows + (inserts + (DONE in outcomes)) * INSERT_ROWS


def _count_faults(client: WorkerClient, acknowledged: int, data: Path, store: Path, reasons: list[str]) -> Counter[str]:
    """Open a store, twice if the first attempt fails, and count its faults by the names of `CrashResult`."""
    labels = _read_labels(client, data, store, [])
    if labels is None:
        client.restart()
        labels = _read_labels(client, data, store, reasons)
    if labels is None:
        return Counter(unopened=1, lost=acknowledged, losing=1)
    lost = sum(number not in labels for number in range(acknowledged))
    unacknowledged = sum(number >= acknowledged for number in labels)
    return Counter(
        lost=lost,
        losing=int(lost > 0),
        wrong=sum(label is not None and label != label_of(number) for number, label in labels.items()),
        half=int(0 < unacknowledged < INSERT_ROWS),
    )


def _read_labels(client: WorkerClient, data: Path, store: Path, reasons: list[str]) -> dict[int, str | None] | None:
    """Return the labels of a store's rows by number; when it does not open, append the reason and return None."""
    try:
        client.call("set_folders", str(data), str(store))
        client.call("reopen", False, timeout=_OPEN_TIMEOUT)
        return dict(client.call("rows", timeout=_OPEN_TIMEOUT))
    except PeerFailed as error:
        # The temporary folder differs in every run.
        reasons.append(str(error).replace(f"{store.parent}/", ""))
        return None


def _flushes_per_insert(info: PeerInfo, data: Path, threads: int) -> float | None:
    """Return the number of system calls per insert that flush to the disk before it returns; None without strace."""
    if shutil.which("strace") is None:
        return None
    log, store = data / "strace.log", data / "traced"
    store.mkdir()
    strace = ["strace", "-f", "-qq", "-ttt", "-e", f"trace={_FLUSH_CALLS}", "-o", str(log)]
    spans: list[tuple[float, float]] = []
    with WorkerClient(info.name, threads, persistent=True, wrapper=strace) as client:
        client.wait_until_ready()
        client.call("set_folders", str(data), str(store))
        client.call("create")
        for number in range(_TRACED_INSERTS):
            started = time.time()
            client.call("insert", number * INSERT_ROWS, INSERT_ROWS)
            spans.append((started, time.time()))
        client.restart()
    shutil.rmtree(store, ignore_errors=True)
    calls = [float(stamp) for stamp in re.findall(r"^\d+ +(\d+\.\d+) (?:f|m|sync)\w*\(", log.read_text(), re.MULTILINE)]
    return sum(start <= call <= end for call in calls for start, end in spans) / _TRACED_INSERTS
