"""Split a source into stored images and query images, the same way in every run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.errors import UnfitForBenchmark
from ingest.sources import InMemorySource, Source, SourceImage


@dataclass(frozen=True)
class Split:
    """Positions in a source of the images that are stored, and of those that are queries."""

    stored: list[int]
    queries: list[int]


def labelled_images(source: Source) -> list[SourceImage]:
    """Return a source's images; raise UnfitForBenchmark if one has no label."""
    images = list(source)
    unlabelled = next((image.key for image in images if image.label is None), None)
    if unlabelled is not None:
        raise UnfitForBenchmark(f"expected a label on every image, got none on {unlabelled!r}: leave it out")
    return images


def require_test_count(name: str, images: int, test: int) -> None:
    """Raise UnfitForBenchmark unless `test` queries leave at least one of the images to be stored."""
    if images < 2:
        raise UnfitForBenchmark(f"expected at least 2 images in {name}, got {images}: name a larger source")
    if not 1 <= test < images:
        raise UnfitForBenchmark(
            f"expected between 1 and {images - 1} test images of the {images} in {name}, got {test}"
        )


def shuffled_splits(images: int, test: int, count: int) -> list[Split]:
    """Return `count` splits with `test` queries each, drawn with the seeds 0, 1, and so on."""
    # NumPy has frozen RandomState's stream, so that results years apart are of the same splits.
    orders = [np.random.RandomState(seed).permutation(images).tolist() for seed in range(count)]
    return [Split(stored=order[test:], queries=order[:test]) for order in orders]


def select_images(images: Sequence[SourceImage], positions: Sequence[int], name: str) -> InMemorySource:
    """Return the images at these positions as a source."""
    return InMemorySource(name, [images[position] for position in positions])
