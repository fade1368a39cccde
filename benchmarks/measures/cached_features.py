"""The features of all images of a measurement, computed once for every recipe that has the same network."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from ingest.embedding.features import compute_features, decoded_side, network_input
from ingest.embedding.network.backbone import Backbone
from ingest.embedding.network.caching_backbone import CachingBackbone
from ingest.embedding.recipes import Recipe
from ingest.images.images import Image
from ingest.sources import SourceImage


def group_by_network(recipes: Sequence[Recipe]) -> list[list[Recipe]]:
    """Group recipes that differ only in the head, so that the network's features are the same."""
    groups: dict[Recipe, list[Recipe]] = {}
    for recipe in recipes:
        network = replace(recipe, name="", unit_length=False, square_root=False, head="none", dim=0, seed=0, whiten=0.0)
        groups.setdefault(network, []).append(recipe)
    return list(groups.values())


def cache_features(recipe: Recipe, network: Backbone, images: Sequence[SourceImage]) -> Backbone:
    """Return a network that has cached the features of all images, and of the black image that pads batches."""
    cached = CachingBackbone(network, capacity=len(images) + 1)
    black = np.zeros((recipe.side, recipe.side, 3), np.float32)
    inputs = (network_input(recipe, image) for image in decode_all(recipe, images))
    for _ in compute_features(recipe, cached, chain(inputs, [black])):
        pass
    return cached


def decode_all(recipe: Recipe, images: Iterable[SourceImage]) -> Iterator[Image]:
    """Yield the images as a recipe's network takes them."""
    return (image.decoded(decoded_side(recipe)) for image in images)
