"""Run an ingest job in a new process, as a user does, and time it from outside."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass, fields
from pathlib import Path

from benchmarks.errors import BenchmarkFailed
from ingest.embedding.network.precision import Precision

_PROGRAM = """
import dataclasses, json, sys
from ingest import ingest
source, store, recipe, precision, limit = sys.argv[1:]
report = ingest(source, store, recipe=recipe or None, precision=precision, limit=int(limit) or None)
print(json.dumps({**dataclasses.asdict(report), "tensorflow": "tensorflow" in sys.modules}))
"""


@dataclass(frozen=True)
class IngestRun:
    """An ingest job, timed from the start of its process to its end, with the counts of its own report."""

    recipe: str
    precision: Precision
    added: int
    unchanged: int
    rejected: int
    seconds: float
    stage_seconds: dict[str, float]
    peak_rss_mb: float
    tensorflow: bool

    @property
    def rate(self) -> float:
        """Return the images per second."""
        return (self.added + self.unchanged) / self.seconds


def run_ingest(source: str, store: Path, *, recipe: str = "", precision: str = "auto", limit: int = 0) -> IngestRun:
    """Ingest the first `limit` images of a source, 0 for all; raise BenchmarkFailed if the job fails."""
    command = [sys.executable, "-c", _PROGRAM, source, str(store), recipe, precision, str(limit)]
    started = time.perf_counter()
    process = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - this very program
    seconds = time.perf_counter() - started
    if process.returncode:
        raise BenchmarkFailed(f"expected an ingest of {source} to succeed, got: {process.stderr.splitlines()[-1:]}")
    report = json.loads(process.stdout) | {"seconds": seconds}
    return IngestRun(**{field.name: report[field.name] for field in fields(IngestRun)})
