"""Fit a recipe's ridge head on a labelled sample, each image of which passes through the network once."""

from collections.abc import Callable, Iterator, Sequence

from ingest.embedding.features import collect_features, decoded_side, network_input
from ingest.embedding.heads import NormalizedProjection
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.backbone import Backbone
from ingest.embedding.recipes import Recipe
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

    def inputs() -> Iterator[Float32Array]:
        for source, image in decode_readable(sample, decoded_side(recipe)):
            labels.append(str(source.label))
            yield network_input(recipe, image)

    features = collect_features(recipe, backbone, inputs(), on_done)
    require_labels("the images that can be read", set(labels))
    return fit_ridge(features, labels, recipe.dim, recipe.seed, recipe.whiten)
