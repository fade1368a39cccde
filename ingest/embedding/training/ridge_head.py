"""Fit a recipe's ridge head on a labelled sample, each image of which passes through the network once."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ingest.embedding.features import compute_features_concurrently, decoded_side, network_input
from ingest.embedding.heads import NormalizedProjection
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.backbone import Backbone
from ingest.embedding.recipes import Recipe
from ingest.embedding.recipes.vgg16_limits import require_dim
from ingest.embedding.training.labelled_sample import require_labels
from ingest.embedding.training.ridge import fit_ridge
from ingest.sources import SourceImage, decode_readable


def fit_ridge_head(
    recipe: Recipe, backbone: Backbone, sample: Sequence[SourceImage], on_done: Callable[[int], None]
) -> NormalizedProjection:
    """Return a recipe's head fitted on a labelled sample; raise SourceUnusable or RecipeUnusable.

    `on_done` is called with the number of images done.
    """
    labels: list[str] = []
    features: list[Float32Array] = []

    def inputs() -> Iterator[Float32Array]:
        for source, image in decode_readable(sample, decoded_side(recipe)):
            labels.append(str(source.label))
            yield network_input(recipe, image)

    for batch in compute_features_concurrently(recipe, backbone, inputs()):
        require_dim(recipe, batch.shape[1])
        features.extend(batch)
        on_done(len(features))
    require_labels("the images that can be read", set(labels))
    return fit_ridge(np.array(features), labels, recipe.dim, recipe.seed, recipe.whiten)
