"""From decoded images to a backbone's features, a full batch at a time."""

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np

from ingest.embedding.heads.head import unit_length
from ingest.embedding.network.backbone import Backbone, Floats
from ingest.embedding.recipes import Recipe
from ingest.images.images import Image, to_input
from ingest.prefetch import lookahead

#: Batches of the network that are computed at once: what comes before and after the network in one fills the pauses
#: that it makes in the others. More of them take memory and no less time.
AT_ONCE = 3


def network_input(recipe: Recipe, image: Image) -> Floats:
    """Return an image as a recipe's network takes it, (side, side, 3) float32 in 0..1."""
    return to_input(image, recipe.side, recipe.interpolation)


def features_of(recipe: Recipe, backbone: Backbone, inputs: Iterable[Floats]) -> Iterator[Floats]:
    """Walk the inputs' features, (n, d) float32, n of them at a time.

    The last batch is filled up with black images, so that a row's bits do not depend on how many there are.
    """
    for some in _batches(backbone, inputs):
        yield _computed(recipe, backbone, some)


def features_ahead(recipe: Recipe, backbone: Backbone, inputs: Iterable[Floats]) -> Generator[Floats, None, None]:
    """Walk what `features_of` does, while the inputs after them are made: for many inputs."""
    with ThreadPoolExecutor(AT_ONCE, "features") as threads:
        begun = (threads.submit(_computed, recipe, backbone, some) for some in _batches(backbone, inputs))
        for computed in lookahead(begun, AT_ONCE):
            yield computed.result()


def _batches(backbone: Backbone, inputs: Iterable[Floats]) -> Iterator[list[Floats]]:
    walked = iter(inputs)
    while some := list(islice(walked, backbone.batch_size)):
        yield some


def _computed(recipe: Recipe, backbone: Backbone, some: list[Floats]) -> Floats:
    batch = np.empty((backbone.batch_size, recipe.side, recipe.side, 3), np.float32)
    np.stack(some, out=batch[: len(some)])
    batch[len(some) :] = 0
    features = backbone.features(batch)[: len(some)]
    return unit_length(features) if recipe.unit_length else features
