"""From decoded images to a backbone's features, a full batch at a time."""

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import numpy as np

from ingest.embedding.linalg.arrays import Float32Array, normalize_rows
from ingest.embedding.network.backbone import Backbone
from ingest.embedding.recipes import Recipe
from ingest.embedding.recipes.vgg16_layers import feature_counts
from ingest.embedding.recipes.vgg16_limits import require_dim
from ingest.errors import SourceUnusable
from ingest.images.images import Image, least_side, to_input
from ingest.prefetch import lookahead

T = TypeVar("T")

#: Batches of the network that are computed concurrently: the work before and after the network in one fills the
#: network's pauses in the others. More take more memory and no less time.
CONCURRENT_BATCHES = 3


def network_input(recipe: Recipe, image: Image) -> Float32Array:
    """Return an image as a recipe's network takes it, (side, side, 3) float32 in 0..1."""
    return to_input(image, recipe.side, recipe.interpolation)


def decoded_side(recipe: Recipe) -> int | None:
    """Return the shorter side that images keep when they are decoded for a recipe; None when they keep all pixels.

    A file in a store and the same file in a query have equal vectors since both are decoded so.
    """
    return least_side(recipe.side, recipe.interpolation)


def compute_features(recipe: Recipe, backbone: Backbone, inputs: Iterable[Float32Array]) -> Iterator[Float32Array]:
    """Yield the features of network inputs, (n, d) float32, batch by batch.

    The last batch is padded with black images, so that a row's bits do not depend on the number of inputs.
    """
    for batch in batched(inputs, backbone.batch_size):
        yield _compute(recipe, backbone, batch)


def compute_features_concurrently(
    recipe: Recipe, backbone: Backbone, inputs: Iterable[Float32Array]
) -> Generator[Float32Array, None, None]:
    """Yield what `compute_features` does, in the same order, while later batches are read and computed."""
    with ThreadPoolExecutor(CONCURRENT_BATCHES, "features") as threads:
        started = (threads.submit(_compute, recipe, backbone, batch) for batch in batched(inputs, backbone.batch_size))
        for future in lookahead(started, CONCURRENT_BATCHES):
            yield future.result()


def collect_features(
    recipe: Recipe,
    backbone: Backbone,
    inputs: Iterable[Float32Array],
    on_done: Callable[[int], None] = lambda _: None,
) -> Float32Array:
    """Return the features of network inputs, (n, d) float32, to fit a recipe's head on.

    Each input is read once; `on_done` is called with the number of images done. Raise SourceUnusable when there are no
    inputs, and RecipeUnusable after the first batch when the head cannot have so many dimensions.
    """
    batches: list[Float32Array] = []
    done = 0
    for batch in compute_features_concurrently(recipe, backbone, inputs):
        require_dim(recipe, batch.shape[1])
        batches.append(batch)
        done += len(batch)
        on_done(done)
    if not batches:
        raise SourceUnusable("expected at least one image to fit a head on, got none")
    return np.concatenate(batches)


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of `size`, the last of which may be shorter."""
    # itertools.batched is new in Python 3.12.
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def _compute(recipe: Recipe, backbone: Backbone, inputs: list[Float32Array]) -> Float32Array:
    batch = np.empty((backbone.batch_size, recipe.side, recipe.side, 3), np.float32)
    np.stack(inputs, out=batch[: len(inputs)])
    batch[len(inputs) :] = 0
    return _scaled(recipe, backbone.features(batch)[: len(inputs)])


def _scaled(recipe: Recipe, features: Float32Array) -> Float32Array:
    """Return pooled features, (n, d), as the recipe's head takes them."""
    if recipe.square_root:
        features = np.sqrt(features)
    if not recipe.unit_length:
        return features
    if len(recipe.layers) > 1:
        parts = np.split(features, np.cumsum(feature_counts(recipe))[:-1], axis=1)
        features = np.concatenate([normalize_rows(part) for part in parts], axis=1)
    return normalize_rows(features)
