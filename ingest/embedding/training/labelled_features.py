"""Training and validation features: reduced and in half precision, so that they fit in memory."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.embedding.features import batched, compute_features
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.backbone import Backbone
from ingest.embedding.recipes import Recipe
from ingest.embedding.training.augmentation import augment
from ingest.embedding.training.reduction import Reduction

#: Augmented copies of each training image, which help where images are few; fewer when images and copies would be more
#: than MAX_ROWS, 120 MB. Copies of 60,000 digits of MNIST do not help.
COPIES = 5
MAX_ROWS = 60_000

#: One of this many images of each label is for validation; labels with fewer images have none.
VALIDATION_EVERY = 20


@dataclass(frozen=True)
class LabelledFeatures:
    """Reduced features, (n, d) float16, and the numbers of their labels, (n,) int64."""

    features: NDArray[np.float16]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


def is_for_validation(label: int, seen: Counter[int]) -> bool:
    """Return whether the next image of a label is for validation, and count it; every VALIDATION_EVERY-th is."""
    seen[label] += 1
    return seen[label] % VALIDATION_EVERY == 0


def compute_labelled_features(
    recipe: Recipe,
    cached: Backbone,
    network: Backbone,
    reduction: Reduction,
    inputs: Iterable[tuple[Float32Array, int]],
    count: int,
    on_done: Callable[[int], None],
) -> tuple[LabelledFeatures, LabelledFeatures]:
    """Return the training and the validation features of at most `count` network inputs with label numbers.

    Training images come with augmented copies, drawn from the recipe's seed; validation images do not. `cached`
    computes the features of the inputs, `network` those of the copies, so that they do not fill the cache.
    """
    copies = max(0, min(COPIES, MAX_ROWS // max(1, count) - 1))
    generator = np.random.RandomState(recipe.seed)
    training = _Buffer(count * (copies + 1), reduction.dim)
    validation = _Buffer(count, reduction.dim)
    seen: Counter[int] = Counter()
    done = 0
    for batch in batched(inputs, cached.batch_size):
        labels = np.array([label for _, label in batch])
        validated = np.array([is_for_validation(label, seen) for label in labels])
        (features,) = compute_features(recipe, cached, [input for input, _ in batch])
        reduced = reduction(features)
        validation.extend(reduced[validated], labels[validated])
        training.extend(reduced[~validated], labels[~validated])
        to_augment = [input for (input, _), skip in zip(batch, validated, strict=True) if not skip]
        for _ in range(copies):
            for features in compute_features(recipe, network, [augment(input, generator) for input in to_augment]):
                training.extend(reduction(features), labels[~validated])
        done += len(batch)
        on_done(done)
    return training.rows(), validation.rows()


class _Buffer:
    """Rows appended to preallocated arrays, so that they are never in memory twice."""

    def __init__(self, capacity: int, dim: int) -> None:
        self._features = np.empty((capacity, dim), np.float16)
        self._labels = np.empty(capacity, np.int64)
        self._used = 0

    def extend(self, features: NDArray[np.float16], labels: NDArray[np.int64]) -> None:
        end = self._used + len(features)
        self._features[self._used : end] = features
        self._labels[self._used : end] = labels
        self._used = end

    def rows(self) -> LabelledFeatures:
        return LabelledFeatures(self._features[: self._used], self._labels[: self._used])
