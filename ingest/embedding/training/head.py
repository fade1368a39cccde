"""From a labelled sample to a trained head: features, rows, layer."""

from collections.abc import Callable, Sequence

import numpy as np

from ingest.embedding.features import features_ahead, network_input
from ingest.embedding.heads.trained import Trained
from ingest.embedding.network.backbone import Backbone
from ingest.embedding.recipes import Recipe
from ingest.embedding.recipes.vgg16_limits import require_dim
from ingest.embedding.training.epoch import Epoch
from ingest.embedding.training.reduction import REDUCED_BY, fitted_reduction
from ingest.embedding.training.rows import training_rows
from ingest.embedding.training.samples import require_labels
from ingest.errors import SourceUnusable
from ingest.sources import SourceImage, decode_readable


def trained_head(
    recipe: Recipe,
    plain: Backbone,
    network: Backbone,
    sample: Sequence[SourceImage],
    on_done: Callable[[int], None],
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    """Return a recipe's head trained on a labelled sample; raise SourceUnusable or RecipeUnusable.

    `plain` computes features of the images, and `network` those of varied copies. The sample is walked twice;
    `on_done` hears how many of its images have been seen the second time, when the copies are made.
    """
    some = sample[:: max(1, -(-len(sample) // REDUCED_BY))]
    inputs = (network_input(recipe, image) for _, image in decode_readable(some))
    batches = list(features_ahead(recipe, plain, inputs))
    if not batches:
        raise SourceUnusable("expected at least one image to fit a head on, got none")
    features = np.concatenate(batches)
    require_dim(recipe, features.shape[1])
    reduction = fitted_reduction(features, recipe.seed)
    del batches, features
    names = sorted({str(image.label) for image in sample})
    numbers = {name: number for number, name in enumerate(names)}
    labelled = ((network_input(recipe, image), numbers[str(source.label)]) for source, image in decode_readable(sample))
    rows, held = training_rows(recipe, plain, network, reduction, labelled, len(sample), on_done)
    require_labels("the images that can be read", [names[number] for number in np.unique(rows.labels)])
    # Imported here: TensorFlow takes seconds to load.
    from ingest.embedding.training.layer import train_layer

    return reduction.followed_by(*train_layer(rows, held, len(names), recipe.dim, recipe.seed, on_epoch))
