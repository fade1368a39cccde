"""Measure what durability costs: appending, opening, and checking the rows of every answer."""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.common.timing import seconds_of
from benchmarks.durability.processes import environment
from storage import Embedding, NewItem, Store
from storage.catalog.encoded_items import encode_items
from storage.types.item_columns import ItemColumns

DIM = 128
K = 10
BATCH = 1000

#: How often opening and appending are timed.
ROUNDS = 20

#: Vectors of the large store are appended this many at a time.
LARGE_BATCH = 5000

_EMBEDDING = Embedding(DIM, "5" * 64, {"imported": "random vectors"})

#: Opens a store and searches it once, and prints the seconds of opening and the peak memory in bytes.
_READER = """
import sys, time
from storage import Store
started = time.perf_counter()
with Store.open(sys.argv[1]) as store:
    _, vectors = store.all_vectors()
    opened = time.perf_counter() - started
    store.nearest(vectors[0], 10)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(opened, int(peak.split()[1]) * 1024)
"""


@dataclass(frozen=True)
class CostReport:
    """Medians in milliseconds at `stored` vectors of 128 dimensions, and one run at `large`.

    `append_ms` is for 1,000 items, `verify_ms` what checking the rows adds to a query of k = 10. `reader_memory` is
    the peak memory of a process that opened the large store and searched it, as a multiple of its vectors' size.
    """

    stored: int
    append_ms: float
    append_worst_ms: float
    open_with_index_ms: float
    open_from_rows_ms: float
    verify_ms: float
    large: int
    large_append_s: float
    large_open_s: float
    reader_memory: float

    @property
    def ok(self) -> bool:
        """Return True: nothing can be lost or wrong here."""
        return True

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)

    def table(self) -> Table:
        """Return the report as a table to print."""
        table = Table(title=f"What durability costs, {DIM} dimensions", title_justify="left", show_header=False)
        table.add_row(
            f"append {BATCH:,} to {self.stored:,}, durably",
            f"{self.append_ms:.1f} ms (slowest {self.append_worst_ms:.1f})",
        )
        table.add_row(f"open at {self.stored:,}, index valid", f"{self.open_with_index_ms:.0f} ms")
        table.add_row(f"open at {self.stored:,}, index deleted", f"{self.open_from_rows_ms:.0f} ms")
        table.add_row(f"checking the rows of an answer, k = {K}", f"{self.verify_ms:.3f} ms")
        table.add_row(f"append {self.large:,}", f"{self.large_append_s:.1f} s")
        table.add_row(f"open at {self.large:,}", f"{self.large_open_s:.2f} s")
        table.add_row(
            f"memory of a reader of {self.large:,}", f"{self.reader_memory:.2f} times the vectors (and the interpreter)"
        )
        return table


def measure_costs(*, stored: int, large: int) -> CostReport:
    """Time appending and opening in stores of `stored` and `large` random vectors, in a temporary folder."""
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        middle_store, large_store = Path(folder, "middle"), Path(folder, "large")
        _fill(middle_store, stored, generator)
        with_index = [seconds_of(lambda: _open(middle_store)) for _ in range(ROUNDS)]
        shutil.rmtree(middle_store / "index")
        from_rows = [seconds_of(lambda: _open(middle_store)) for _ in range(ROUNDS // 4 + 1)]
        with Store.open(middle_store, writing=True) as store:
            appends = [_append(store, stored + number * BATCH, BATCH, generator) for number in range(ROUNDS)]
        large_append = _fill(large_store, large, generator)
        command = [sys.executable, "-c", _READER, str(large_store)]
        reader = subprocess.run(command, env=environment(), check=True, capture_output=True, text=True)
        open_seconds, peak_memory = reader.stdout.split()
    return CostReport(
        stored=stored,
        append_ms=1000 * float(np.median(appends)),
        append_worst_ms=1000 * max(appends),
        open_with_index_ms=1000 * float(np.median(with_index)),
        open_from_rows_ms=1000 * float(np.median(from_rows)),
        verify_ms=1000 * _verify_seconds(generator),
        large=large,
        large_append_s=large_append,
        large_open_s=float(open_seconds),
        reader_memory=int(peak_memory) / (large * DIM * 4),
    )


def _fill(folder: Path, count: int, generator: np.random.Generator) -> float:
    """Make a published store of random vectors and return the seconds that appending took."""
    seconds = 0.0
    with Store.create(folder, _EMBEDDING) as store:
        for start in range(0, count, LARGE_BATCH):
            seconds += _append(store, start, min(LARGE_BATCH, count - start), generator)
        store.publish()
    return seconds


def _append(store: Store, start: int, count: int, generator: np.random.Generator) -> float:
    """Append items with metadata as an ingest of digits gives them, and return the seconds that it took."""
    items = _items(start, count)
    vectors = generator.standard_normal((count, DIM)).astype(np.float32)
    return seconds_of(lambda: store.append(items, vectors))


def _items(start: int, count: int) -> list[NewItem]:
    return [
        NewItem(f"digits/{number}", bytes(32), str(number % 10), {"index": number, "width": 28, "height": 28})
        for number in range(start, start + count)
    ]


def _open(folder: Path) -> None:
    with Store.open(folder) as store:
        store.all_vectors()


def _verify_seconds(generator: np.random.Generator) -> float:
    """Return the median seconds of checking an answer's rows, as every query does."""
    items, vectors = _items(0, K), generator.standard_normal((K, DIM)).astype(np.float32)
    rows = encode_items(ItemColumns.of(items)).rows(0, 1, vectors)
    return float(np.median([seconds_of(lambda: [row.verified() for row in rows]) for _ in range(1000)]))
