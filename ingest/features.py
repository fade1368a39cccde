"""From decoded images to a backbone's features, a full batch at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from ingest.backbone import Backbone, Floats
from ingest.heads.contract import unit_length
from ingest.images import Image, to_input
from ingest.recipes import Recipe


def network_input(recipe: Recipe, image: Image) -> Floats:
    """Return an image as a recipe's network takes it, (side, side, 3) float32 in 0..1."""
    return to_input(image, recipe.side, recipe.interpolation)


def features_of(recipe: Recipe, backbone: Backbone, inputs: Iterable[Floats]) -> Iterator[Floats]:
    """Walk the inputs' features, (n, d) float32, n of them at a time.

    The last batch is filled up with black images, so that a row's bits do not depend on how many there are.
    """
    walked = iter(inputs)
    while some := list(islice(walked, backbone.batch_size)):
        batch = np.zeros((backbone.batch_size, recipe.side, recipe.side, 3), np.float32)
        np.stack(some, out=batch[: len(some)])
        features = backbone.features(batch)[: len(some)]
        yield unit_length(features) if recipe.unit_length else features
