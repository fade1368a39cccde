"""Train a recipe's head on a labelled sample: reduce the features, augment the images, train one or two layers."""

from collections.abc import Callable, Sequence

import numpy as np

from ingest.embedding.features import collect_features, decoded_side, network_input
from ingest.embedding.heads import TrainedHead
from ingest.embedding.network.backbone import Backbone
from ingest.embedding.recipes import Recipe
from ingest.embedding.training.epoch import Epoch
from ingest.embedding.training.labelled_features import compute_labelled_features
from ingest.embedding.training.labelled_sample import require_labels
from ingest.embedding.training.plan import plan_for
from ingest.embedding.training.reduction import REDUCTION_SAMPLE, fit_reduction
from ingest.sources import SourceImage, decode_readable


def train_head(
    recipe: Recipe,
    cached: Backbone,
    network: Backbone,
    sample: Sequence[SourceImage],
    on_done: Callable[[int], None],
    on_epoch: Callable[[Epoch], None],
) -> TrainedHead:
    """Return a recipe's head trained on a labelled sample; raise SourceUnusable or RecipeUnusable.

    `cached` computes the features of the images, `network` those of augmented copies. The sample is read twice;
    `on_done` is called with the number of images done in the second pass, which makes the copies.
    """
    plan = plan_for(len(sample))
    least_side = decoded_side(recipe)
    step = max(1, -(-len(sample) // REDUCTION_SAMPLE))
    inputs = (network_input(recipe, image) for _, image in decode_readable(sample[::step], least_side))
    reduction = fit_reduction(collect_features(recipe, cached, inputs), recipe.seed, plan.reduced_dim)
    names = sorted({str(image.label) for image in sample})
    numbers = {name: number for number, name in enumerate(names)}
    labelled = (
        (network_input(recipe, image), numbers[str(source.label)])
        for source, image in decode_readable(sample, least_side)
    )
    training, validation = compute_labelled_features(recipe, cached, network, reduction, labelled, len(sample), on_done)
    require_labels("the images that can be read", [names[number] for number in np.unique(training.labels)])
    # Imported here: TensorFlow takes seconds to load.
    from ingest.embedding.training.train_layer import train_layer

    return reduction.compose(train_layer(training, validation, len(names), recipe.dim, recipe.seed, plan, on_epoch))
