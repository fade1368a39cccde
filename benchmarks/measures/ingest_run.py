"""Run an ingest in a process of its own, as a user does, and measure it from outside."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchmarkFailed

_PROGRAM = """
import dataclasses, json, sys
from ingest import ingest
source, store, recipe, precision, limit = sys.argv[1:]
report = ingest(source, store, recipe=recipe or None, precision=precision, limit=int(limit) or None)
print(json.dumps({**dataclasses.asdict(report), "tensorflow": "tensorflow" in sys.modules}))
"""


@dataclass(frozen=True)
class WholeJob:
    """A job from the start of its process to its end, and what it reported."""

    recipe: str
    precision: str
    added: int
    unchanged: int
    rejected: int
    seconds: float
    stage_seconds: dict[str, float]
    peak_rss_mb: float
    tensorflow: bool

    @property
    def rate(self) -> float:
        """Return the images a second."""
        return (self.added + self.unchanged) / self.seconds


def whole_job(source: str, store: Path, *, recipe: str = "", precision: str = "auto", limit: int = 0) -> WholeJob:
    """Ingest a source, 0 for all of its images; raise BenchmarkFailed when that fails."""
    command = [sys.executable, "-c", _PROGRAM, source, str(store), recipe, precision, str(limit)]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - this very program
    seconds = time.perf_counter() - started
    if done.returncode:
        raise BenchmarkFailed(f"expected an ingest of {source} to succeed, got: {done.stderr.splitlines()[-1:]}")
    report = json.loads(done.stdout)
    kept = {name: value for name, value in report.items() if name in WholeJob.__dataclass_fields__}
    return WholeJob(**{**kept, "seconds": seconds})
