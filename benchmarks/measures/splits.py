"""Cut a source into images to search in and images to ask with, in the same few ways for whatever is measured."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.errors import UnfitForBenchmark
from ingest.sources import InMemorySource, Source, SourceImage


@dataclass(frozen=True)
class Split:
    """Numbers of a source's images: those that are stored, and those that are asked with."""

    stored: list[int]
    asked: list[int]


def labelled_images(source: Source) -> list[SourceImage]:
    """Return a source's images; raise UnfitForBenchmark unless all have labels."""
    images = list(source)
    unlabelled = next((image.key for image in images if image.label is None), None)
    if unlabelled is not None:
        raise UnfitForBenchmark(f"expected a label on every image, got none on {unlabelled!r}: leave it out")
    return images


def require_test(name: str, images: int, test: int) -> None:
    """Raise UnfitForBenchmark unless `test` of so many images leave some to search in."""
    if not 1 <= test < images:
        raise UnfitForBenchmark(
            f"expected between 1 and {images - 1} test images of the {images} in {name}, got {test}"
        )


def shuffled_splits(images: int, test: int, count: int) -> list[Split]:
    """Return `count` ways to take `test` of so many images to ask with, by the seeds 0, 1, and so on."""
    # RandomState's stream is frozen by NumPy, so that figures of years apart are of the same splits.
    orders = [np.random.RandomState(seed).permutation(images).tolist() for seed in range(count)]
    return [Split(stored=order[test:], asked=order[:test]) for order in orders]


def chosen(images: Sequence[SourceImage], numbers: Sequence[int], name: str) -> InMemorySource:
    """Return the images of these numbers as a source."""
    return InMemorySource(name, [images[number] for number in numbers])
