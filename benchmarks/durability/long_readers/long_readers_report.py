"""Read a whole store in every way while one process commits and two query, and report for how long anyone waits."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.durability.findings import EXAMPLES, fault_table
from benchmarks.durability.long_readers.participants import LONG_READS
from benchmarks.durability.processes import environment
from storage import Embedding, NewItem, Store

DIM = 128

#: No transaction of a reader may take longer, in seconds.
LONGEST_S = 1.0

_QUERYING = 2
_BATCH = 5000


@dataclass(frozen=True)
class LongRead:
    """A read of all items: seconds from begin to end, of its longest transaction, and the number of transactions."""

    seconds: float
    longest_transaction_s: float
    transactions: int
    commits: int
    longest_commit_s: float
    queries: int
    longest_query_s: float


@dataclass(frozen=True)
class LongReadersReport:
    """The reads of a store of `items` vectors, each beside a writer and others who query; what failed or was wrong."""

    items: int
    reads: Mapping[str, LongRead]
    failures: list[str]

    @property
    def ok(self) -> bool:
        """Return whether nobody failed, nothing was wrong, and no transaction was long."""
        return not self.failures and all(read.longest_transaction_s <= LONGEST_S for read in self.reads.values())

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {"ok": self.ok, **asdict(self)}

    def table(self) -> Table:
        """Return the report as a table to print."""
        table = fault_table(f"Long readers of {self.items:,} vectors beside a writer and {_QUERYING} others", (), None)
        for name, read in self.reads.items():
            table.add_row(
                f"{name}, {read.seconds:.1f} s",
                f"longest of {read.transactions:,} transactions {read.longest_transaction_s:.3f} s, of {read.commits:,}"
                f" commits {read.longest_commit_s:.3f} s, of {read.queries:,} queries {read.longest_query_s:.3f} s",
            )
        table.add_row("failures", f"{len(self.failures):,}")
        for line in self.failures[:EXAMPLES]:
            table.add_row("example", line)
        return table


def read_beside_writer(items: int, reads: Collection[str] = tuple(LONG_READS)) -> LongReadersReport:
    """Make a store of random vectors in a temporary folder, and read all of it in these ways, one after the other."""
    results, failures = {}, []
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent).resolve() / "store"
        _fill(folder, items)
        for name in reads:
            others = [_start("commit", folder), *(_start("query", folder) for _ in range(_QUERYING))]
            for process in others:
                # It has opened the store.
                process.stdout.readline()  # type: ignore[union-attr]
            outcome = _result(_start("read", folder, name))
            writer, *querying = map(_result, others)
            queries = [seconds for each in querying for seconds in each["seconds"]]
            results[name] = LongRead(
                outcome["total"],
                outcome["longest"],
                outcome["transactions"],
                len(writer["seconds"]),
                max(writer["seconds"], default=0.0),
                len(queries),
                max(queries, default=0.0),
            )
            failures += [line for each in (outcome, writer, *querying) for line in each["failures"]]
    return LongReadersReport(items, results, failures)


def _fill(folder: Path, count: int) -> None:
    """Make a published store of random vectors with labels and metadata."""
    generator = np.random.default_rng(0)
    with Store.create(folder, Embedding(DIM, "5" * 64, {"imported": "random vectors"})) as store:
        for start in range(0, count, _BATCH):
            numbers = range(start, min(start + _BATCH, count))
            vectors = generator.standard_normal((len(numbers), DIM)).astype(np.float32)
            store.append([NewItem(f"item/{n}", bytes(32), str(n % 10), {"index": n}) for n in numbers], vectors)
        store.publish()


def _start(*arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "benchmarks.durability.long_readers.participants", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment(), stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def _result(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """Tell a process that it is over, unless it ends by itself, and return what it reports."""
    output, errors = process.communicate()
    if process.returncode:
        failures = [f"a process ended with {errors[-500:]!r}"]
        return {"seconds": [], "total": 0.0, "longest": 0.0, "transactions": 0, "failures": failures}
    result: dict[str, Any] = json.loads(output)
    return result
