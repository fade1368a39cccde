"""Features to train on: of images and their varied copies, reduced and in half precision to fit in memory."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ingest.embedding.features import features_of
from ingest.embedding.network.backbone import Backbone, Floats
from ingest.embedding.recipes import Recipe
from ingest.embedding.training.augmentation import varied
from ingest.embedding.training.reduction import Reduction
from ingest.embedding.training.samples import HeldBack

#: As many varied copies are made of each image, unless with them there would be more than MOST_ROWS, 60 MB: copies
#: make up for images that there are too few of.
COPIES = 5
MOST_ROWS = 60_000


@dataclass(frozen=True)
class Rows:
    """Reduced features, (n, d) float16, and the numbers of their labels, (n,) int64."""

    features: NDArray[np.float16]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


def training_rows(
    recipe: Recipe,
    plain: Backbone,
    network: Backbone,
    reduction: Reduction,
    inputs: Iterable[tuple[Floats, int]],
    count: int,
    on_done: Callable[[int], None],
) -> tuple[Rows, Rows]:
    """Return rows to train on and rows that are held back, from at most `count` network inputs with label numbers.

    What is trained on comes with varied copies, drawn from the recipe's seed; what is held back as it is. `plain`
    computes the features of the inputs, and `network` those of the copies, which nobody will ask for again.
    """
    copies = max(0, min(COPIES, MOST_ROWS // max(1, count) - 1))
    generator = np.random.RandomState(recipe.seed)
    trained = _Buffer(count * (copies + 1), reduction.dim)
    held = _Buffer(count, reduction.dim)
    holding = HeldBack()
    done = 0
    for batch in _batches(inputs, plain.batch_size):
        labels = np.array([label for _, label in batch])
        held_back = np.array([holding(label) for _, label in batch])
        (features,) = features_of(recipe, plain, [input for input, _ in batch])
        reduced = reduction(features)
        held.extend(reduced[held_back], labels[held_back])
        trained.extend(reduced[~held_back], labels[~held_back])
        kept = [input for (input, _), out in zip(batch, held_back, strict=True) if not out]
        for _ in range(copies):
            for some in features_of(recipe, network, [varied(input, generator) for input in kept]):
                trained.extend(reduction(some), labels[~held_back])
        done += len(batch)
        on_done(done)
    return trained.rows(), held.rows()


class _Buffer:
    """Rows that are collected without ever being in memory twice."""

    def __init__(self, room: int, dim: int) -> None:
        self._features = np.empty((room, dim), np.float16)
        self._labels = np.empty(room, np.int64)
        self._used = 0

    def extend(self, features: NDArray[np.float16], labels: NDArray[np.int64]) -> None:
        end = self._used + len(features)
        self._features[self._used : end] = features
        self._labels[self._used : end] = labels
        self._used = end

    def rows(self) -> Rows:
        return Rows(self._features[: self._used], self._labels[: self._used])


def _batches(inputs: Iterable[tuple[Floats, int]], size: int) -> Iterator[list[tuple[Floats, int]]]:
    walked = iter(inputs)
    while batch := list(islice(walked, size)):
        yield batch
