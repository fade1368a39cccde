"""A peer's own processes: one that imports its library, and a child of it at a time that does as it is told.

The first forks before its library was ever used, and again each time that its child is killed: so every store is made
and opened by a new process, and none waits for the imports. A child says `born` with its process id; told a JSON line
on standard input, it answers one on the standard output that it was started with, and what a library prints goes to
standard error. It imports nothing but what its peer needs, so that its memory is the peer's.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from benchmarks.peers.data import DIM, K, label_of, queries_in, vectors_in
from benchmarks.peers.peer import Peer
from benchmarks.peers.registry import KNOWN
from ingest.pipeline.peak_memory import peak_memory

#: Products before those that are timed.
WARM_UP = 3


class Child:
    """What a peer's process can be told; every method's time is that of the peer's own call."""

    def __init__(self, peer: Peer, threads: int) -> None:
        self._peer, self._threads = peer, threads
        self._last: Any = None

    def use(self, data: str, folder: str) -> None:
        """Take vectors and queries from one folder, and keep the store in another."""
        self._data, self._folder = Path(data), Path(folder)
        self._queries = queries_in(self._data)

    def create(self) -> None:
        """Make an empty store."""
        self._peer.create(self._folder, DIM, self._threads)

    def insert(self, first: int, count: int) -> float:
        """Insert vectors from `first` on, and return the seconds."""
        vectors = vectors_in(self._data)[first : first + count].copy()
        labels = [label_of(number) for number in range(first, first + count)]
        started = time.perf_counter()
        self._peer.insert(first, vectors, labels)
        return time.perf_counter() - started

    def finish(self) -> float:
        """Finish and close what was inserted, and return the seconds of finishing."""
        started = time.perf_counter()
        self._peer.finish()
        seconds = time.perf_counter() - started
        self._peer.close()
        return seconds

    def open(self) -> float:
        """Open the store and ask one query: the seconds until its answer is there."""
        started = time.perf_counter()
        self._peer.open(self._folder, DIM, self._threads)
        self._peer.ask(self._queries[0], K)
        return time.perf_counter() - started

    def ask(self, first: int, count: int, patience: float) -> list[float]:
        """Ask queries one at a time and return the seconds of each, without the first; fewer when patience ends."""
        chosen = [self._queries[number % len(self._queries)] for number in range(first, first + count + 1)]
        times: list[float] = []
        for query in chosen:
            started = time.perf_counter()
            self._last = self._peer.ask(query, K)
            times.append(time.perf_counter() - started)
            if sum(times) > patience and len(times) > 1:
                break
        return times[1:]

    def ask_many(self, count: int) -> float:
        """Ask the first queries all at once and return the seconds."""
        started = time.perf_counter()
        self._last = self._peer.ask_many(self._queries[:count], K)
        return time.perf_counter() - started

    def found(self) -> list[list[tuple[int, str | None]]]:
        """Return the hits of the last answer."""
        return self._peer.found(self._last)

    def reopen(self, writing: bool) -> None:
        """Open the store for a look at what it holds, or to insert more."""
        self._peer.open(self._folder, DIM, self._threads, writing=writing)

    def stored(self) -> list[tuple[int, str | None]]:
        """Return all that an open store holds."""
        return self._peer.stored()

    def bound(self, times: int) -> list[float]:
        """Return the seconds that comparing a query with all vectors takes as one product: what the memory allows."""
        vectors = np.array(vectors_in(self._data))
        seconds = []
        for number in range(times + WARM_UP):
            started = time.perf_counter()
            vectors @ self._queries[number]
            seconds.append(time.perf_counter() - started)
        return seconds[WARM_UP:]

    def peak(self) -> int:
        """Return the most memory that this process ever had, in bytes, its interpreter and libraries included."""
        return peak_memory()

    def close(self) -> None:
        """Close the store."""
        self._peer.close()


def serve(peer: Peer, threads: int, answers: TextIO) -> None:
    """Do one task after another until standard input ends."""
    child = Child(peer, threads)
    answers.write(json.dumps(["born", os.getpid()]) + "\n")
    for line in sys.stdin:
        task, arguments = json.loads(line)
        try:
            answer = getattr(child, task)(*arguments)
        except Exception as error:
            answers.write(json.dumps(["failed", f"{type(error).__name__}: {error}"[:300]]) + "\n")
        else:
            answers.write(json.dumps(["done", answer]) + "\n")


def main() -> None:
    """Import a peer's library and let one child after another serve, until one ends by itself."""
    name, threads, keeping = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    if hasattr(os, "sched_setaffinity"):
        # Some libraries have no setting for their threads: none gets more processors than it may use.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(threads)])
    peer = KNOWN[name].subject(keeping=keeping == "keeping")
    while (child := os.fork()) != 0:
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            return
    serve(peer, int(threads), answers)
    answers.flush()
    # Libraries' own threads must not keep it from ending.
    os._exit(0)


if __name__ == "__main__":
    main()
