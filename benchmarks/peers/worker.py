"""A peer's processes: a parent that imports its library, and one child at a time that serves tasks.

The parent forks before the library is used, and again whenever its child is killed. So every store is created and
opened in a fresh process without waiting for imports. A child writes `started` with its process id, then answers each
task, a JSON line on standard input, with one JSON line on the original standard output; what the library prints goes to
standard error. The module imports only what its peer needs, so that its peak memory is the peer's.
"""

import json
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from benchmarks.common.timing import seconds_of
from benchmarks.peers.peer import Peer, Row
from benchmarks.peers.registry import PEERS
from benchmarks.peers.synthetic_data import DIM, K, label_of, load_queries, load_vectors
from ingest.pipeline.peak_memory import peak_memory

_WARM_UP = 3

#: The first element of a line from a child.
STARTED, DONE, FAILED = "started", "done", "failed"

#: The last argument of the command when each insert must be persisted.
PERSISTENT = "persistent"


class Worker:
    """The tasks of a peer's process, by method name; times are in seconds and cover the peer's calls only."""

    def __init__(self, peer: Peer, threads: int) -> None:
        self._peer, self._threads = peer, threads
        self._result: Any = None

    def set_folders(self, data: str, folder: str) -> None:
        """Set the folder of vectors and queries, and the folder of the store."""
        self._data, self._folder = Path(data), Path(folder)
        self._queries = load_queries(self._data)

    def create(self) -> None:
        """Create an empty store."""
        self._peer.create(self._folder, DIM, self._threads)

    def insert(self, first: int, count: int) -> float:
        """Insert vectors from `first` on and return the time."""
        vectors = load_vectors(self._data)[first : first + count].copy()
        labels = [label_of(number) for number in range(first, first + count)]
        return seconds_of(lambda: self._peer.insert(first, vectors, labels))

    def finish(self) -> float:
        """Finish the inserts, close the store, and return the time of finishing."""
        seconds = seconds_of(self._peer.finish)
        self._peer.close()
        return seconds

    def open(self) -> float:
        """Open the store, search one query, and return the time until its result."""
        started = time.perf_counter()
        self.reopen(writing=False)
        self._peer.search(self._queries[0], K)
        return time.perf_counter() - started

    def search(self, first: int, count: int, timeout: float) -> list[float]:
        """Search queries one at a time and return the time of each after a first, untimed one.

        Stop early when they take longer than the timeout in all.
        """
        times: list[float] = []
        for number in range(first, first + count + 1):
            query = self._queries[number % len(self._queries)]
            started = time.perf_counter()
            self._result = self._peer.search(query, K)
            times.append(time.perf_counter() - started)
            if sum(times) > timeout and len(times) > 1:
                break
        return times[1:]

    def search_batch(self, count: int) -> float:
        """Search the first queries at once and return the time."""
        started = time.perf_counter()
        self._result = self._peer.search_batch(self._queries[:count], K)
        return time.perf_counter() - started

    def hits(self) -> list[list[Row]]:
        """Return the hits of the last search."""
        return self._peer.hits(self._result)

    def reopen(self, writing: bool) -> None:
        """Open the store to list its rows, or to insert more."""
        self._peer.open(self._folder, DIM, self._threads, writing)

    def rows(self) -> list[Row]:
        """Return all rows of an open store."""
        return self._peer.rows()

    def memory_limit(self, repeats: int) -> list[float]:
        """Return the times of the product of all vectors with a query, which memory bandwidth bounds."""
        vectors = np.array(load_vectors(self._data))
        queries = self._queries[: repeats + _WARM_UP]
        times = [seconds_of(partial(np.matmul, vectors, query)) for query in queries]
        return times[_WARM_UP:]

    def peak_memory(self) -> int:
        """Return the peak memory of this process in bytes, interpreter and libraries included."""
        return peak_memory()

    def close(self) -> None:
        """Close the store."""
        self._peer.close()


def serve(peer: Peer, threads: int, output: TextIO) -> None:
    """Run one task after another until standard input ends."""
    worker = Worker(peer, threads)
    output.write(json.dumps([STARTED, os.getpid()]) + "\n")
    for line in sys.stdin:
        task, arguments = json.loads(line)
        try:
            answer = [DONE, getattr(worker, task)(*arguments)]
        except Exception as error:
            answer = [FAILED, f"{type(error).__name__}: {error}"[:300]]
        output.write(json.dumps(answer) + "\n")


def main() -> None:
    """Import a peer's library and let one child after another serve, until one ends without being killed."""
    name, threads, *options = sys.argv[1:]
    output = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    if hasattr(os, "sched_setaffinity"):
        # Some libraries have no setting for their threads, so the number of processors bounds them.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(threads)])
    peer = PEERS[name].make(persistent=PERSISTENT in options)
    while (child := os.fork()) != 0:
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            return
    serve(peer, int(threads), output)
    output.flush()
    # A library's own threads must not keep the process alive.
    os._exit(0)


if __name__ == "__main__":
    main()
