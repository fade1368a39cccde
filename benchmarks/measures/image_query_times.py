"""Measure the time from an image file to the answer, in a new process and in a running one."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common.measurement import LOWER, Measurement, median_of
from benchmarks.common.timing import seconds_of
from benchmarks.errors import BenchmarkFailed
from ingest.sources import SourceImage, decode_readable
from search import Searcher


@dataclass(frozen=True)
class ImageQueryTimes:
    """Seconds from an image file to the answer: `cold` in a new process, `warm` with the network loaded."""

    image: str
    megapixels: float
    cold: Measurement
    warm: Measurement


def time_image_queries(
    searcher: Searcher, photographs: Sequence[SourceImage], weights: Path | None, *, cold: int, warm: int
) -> ImageQueryTimes:
    """Time so many queries of a searcher's store with the photograph of the most pixels, whose key is its path."""
    largest, pixels = max(decode_readable(photographs), key=lambda pair: pair[1].shape[0] * pair[1].shape[1])
    file = Path(largest.key)
    searcher.by_image(file)
    warm_times = [seconds_of(lambda: searcher.by_image(file)) for _ in range(warm)]
    cold_times = [seconds_of(lambda: _query_in_new_process(searcher.store.folder, file, weights)) for _ in range(cold)]
    return ImageQueryTimes(
        image=file.name,
        megapixels=pixels.shape[0] * pixels.shape[1] / 1e6,
        cold=median_of(cold_times, "s", LOWER),
        warm=median_of(warm_times, "s", LOWER),
    )


def _query_in_new_process(store: Path, image: Path, weights: Path | None) -> None:
    """Query a store with an image file, as a user does; raise BenchmarkFailed if the command fails."""
    command = [sys.executable, "-m", "lookalike", "query", "--store", str(store), "--image", str(image), "--json"]
    if weights is not None:
        command += ["--weights", str(weights)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - this very program
    if process.returncode:
        raise BenchmarkFailed(f"expected a query with {image} to succeed, got: {process.stderr.splitlines()[-1:]}")
