"""Kill each peer's process while it inserts, and look at what its store holds afterwards."""

import re
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.errors import PeerFailed
from benchmarks.peers.data import drawn, label_of, written
from benchmarks.peers.registry import Known
from benchmarks.peers.worker_client import Remote

#: Rows that a store holds already, rows of one insert, and the most inserts before the one that is interrupted.
BASE = 2_000
ROWS = 20
MOST = 8

#: Seconds after which a store that does not open is not waited for any longer.
PATIENCE = 60.0

_FLUSHES = "fsync,fdatasync,msync,sync_file_range"


@dataclass(frozen=True)
class Kept:
    """What became of copies of a peer's store of 2,000 rows, each killed during an insert after acknowledged ones.

    `lost` are acknowledged rows that are not there, in `losing` of the stores; `wrong` rows with another row's label;
    `half` stores that show a part of the interrupted insert; `unopened` those that do not open. `flushes` is how often
    an insert asks the system to put data on the disk before it returns, None where that could not be watched: with
    none, a power cut may take what was acknowledged. `reasons` say why stores do not open.
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

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def killed(known: Known, kills: int, *, seed: int, threads: int) -> Kept:
    """Kill a peer's process `kills` times at random moments of an insert."""
    generator = np.random.default_rng(seed)
    counts = dict.fromkeys(("acknowledged", "lost", "losing", "wrong", "half", "unopened"), 0)
    failure, flushes, done = None, None, 0
    reasons: list[str] = []
    with tempfile.TemporaryDirectory(prefix="lookalike-") as name, Remote(known.name, threads, keeping=True) as remote:
        folder = Path(name)
        written(drawn(BASE + ROWS * (MOST + 2), ROWS, seed), folder)
        try:
            flushes = _flushes(known, folder, threads)
            remote.ready()
            _begun(remote, folder, folder / "base")
            for number in range(kills):
                store = folder / f"store {number}"
                shutil.copytree(folder / "base", store)
                acknowledged = _interrupted(remote, folder, store, generator)
                counts["acknowledged"] += acknowledged
                for what, how_many in _looked_at(remote, acknowledged, folder, store, reasons).items():
                    counts[what] += how_many
                remote.renew()
                shutil.rmtree(store, ignore_errors=True)
                done += 1
        except PeerFailed as error:
            failure = str(error)
    return Kept(
        known.name, known.version or "", done, **counts, flushes=flushes, failure=failure, reasons=tuple(reasons)
    )


def _begun(remote: Remote, data: Path, store: Path) -> None:
    """Make the store that every trial goes on with."""
    store.mkdir()
    remote.do("use", str(data), str(store))
    remote.do("create")
    remote.do("insert", 0, BASE)
    remote.do("finish")
    remote.renew()


def _interrupted(remote: Remote, data: Path, store: Path, generator: np.random.Generator) -> int:
    """Insert, kill the process during one of the inserts, and return how many rows were acknowledged."""
    before = int(generator.integers(1, MOST + 1))
    remote.do("use", str(data), str(store))
    remote.do("reopen", True)
    times = [remote.do("insert", BASE + place * ROWS, ROWS) for place in range(before)]
    remote.tell("insert", BASE + before * ROWS, ROWS)
    time.sleep(float(generator.uniform(0, 1.2 * min(times))))
    # It may have come to its end before it was killed: then that is acknowledged too.
    said = [outcome for outcome, _ in remote.renew()]
    return BASE + (before + ("done" in said)) * ROWS


def _looked_at(remote: Remote, acknowledged: int, data: Path, store: Path, reasons: list[str]) -> dict[str, int]:
    """Open a store in the new process, and when that fails in another one, and count what is wrong with it."""
    held = _held(remote, data, store, [])
    if held is None:
        remote.renew()
        held = _held(remote, data, store, reasons)
    if held is None:
        return {"unopened": 1, "lost": acknowledged, "losing": 1}
    lost = sum(number not in held for number in range(acknowledged))
    more = sum(number >= acknowledged for number in held)
    return {
        "lost": lost,
        "losing": int(lost > 0),
        "wrong": sum(label is not None and label != label_of(number) for number, label in held.items()),
        "half": int(0 < more < ROWS),
    }


def _held(remote: Remote, data: Path, store: Path, reasons: list[str]) -> dict[int, str | None] | None:
    """Return the labels of a store's rows by number; when it does not open, add the reason and return None."""
    try:
        remote.do("use", str(data), str(store))
        remote.do("reopen", False, patience=PATIENCE)
        return dict(remote.do("stored", patience=PATIENCE))
    except PeerFailed as error:
        # Where the store was is nobody's matter, and another place the next time.
        reasons.append(str(error).replace(f"{store.parent}/", ""))
        return None


def _flushes(known: Known, data: Path, threads: int, inserts: int = 5) -> float | None:
    """Return how many system calls that flush to the disk an insert makes before it returns; None without strace."""
    if shutil.which("strace") is None:
        return None
    log, store = data / "strace.log", data / "watched"
    store.mkdir()
    under = ["strace", "-f", "-qq", "-ttt", "-e", f"trace={_FLUSHES}", "-o", str(log)]
    spans: list[tuple[float, float]] = []
    with Remote(known.name, threads, keeping=True, under=under) as remote:
        remote.ready()
        remote.do("use", str(data), str(store))
        remote.do("create")
        for place in range(inserts):
            started = time.time()
            remote.do("insert", place * ROWS, ROWS)
            spans.append((started, time.time()))
        remote.renew()
    shutil.rmtree(store, ignore_errors=True)
    calls = [float(stamp) for stamp in re.findall(r"^\d+ +(\d+\.\d+) (?:f|m|sync)\w*\(", log.read_text(), re.MULTILINE)]
    return sum(first <= call <= last for call in calls for first, last in spans) / inserts


def all_killed(
    peers: Sequence[Known],
    kills: int,
    *,
    seed: int,
    threads: int,
    on_stage: Callable[[str], None] = lambda _: None,
) -> list[Kept]:
    """Kill each of the peers that say that they keep what was inserted."""
    kept = []
    for known in peers:
        if known.keeps:
            on_stage(f"{known.name}: killed {kills} times")
            kept.append(killed(known, kills, seed=seed, threads=threads))
    return kept
