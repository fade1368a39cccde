"""Fit a new store's embedder on a sample of its first source."""

import time
from itertools import islice

from ingest.embedding.embedder import Embedder
from ingest.embedding.features import decoded_side
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.network.caching_backbone import CachingBackbone
from ingest.embedding.network.precision import PrecisionOption
from ingest.embedding.recipes import Recipe
from ingest.embedding.training.epoch import Epoch
from ingest.embedding.training.labelled_sample import labelled_sample
from ingest.embedding.training.ridge_head import fit_ridge_head
from ingest.embedding.training.train_head import train_head
from ingest.errors import SourceUnusable
from ingest.pipeline.progress import Progress
from ingest.sources import Source, SourceImage, decode_readable

#: A head is fitted on at most this many images, spread evenly over the source, or over its labels if it needs these;
#: their features are cached.
FIT_SAMPLE = 5_000

#: A head is trained on at most this many labelled images, whose features stay in memory (`labelled_features.py`).
TRAIN_SAMPLE = 60_000


def fit_embedder(
    source: Source, recipe: Recipe, precision: PrecisionOption, make_backbone: BackboneFactory, progress: Progress
) -> Embedder:
    """Return an embedder fitted on a sample of the source, whose features it caches.

    Raise SourceUnusable when no image of the sample can be read, or none has a label that is needed.
    """
    sample = _sample(source, recipe)
    # A head that is not fitted needs one readable image only, which tells the number of features.
    progress.to_fit = len(sample) if recipe.head_is_fitted else 1
    progress.enter("fitting")

    def on_fitted(count: int) -> None:
        progress.fitted = count
        progress.report()

    def on_epoch(epoch: Epoch) -> None:
        progress.epoch = epoch
        progress.enter("training")

    started = time.perf_counter()
    network = make_backbone(recipe, precision)
    # One more than the images, for the black one that fills up the last network batch.
    backbone = CachingBackbone(network, capacity=min(progress.to_fit, FIT_SAMPLE) + 1)
    try:
        if recipe.head == "trained":
            head = train_head(recipe, backbone, network, sample, on_fitted, on_epoch)
            embedder = Embedder(recipe, backbone, head, fitted_on=progress.fitted)
        elif recipe.head == "ridge":
            ridge = fit_ridge_head(recipe, backbone, sample, on_fitted)
            embedder = Embedder(recipe, backbone, ridge, fitted_on=progress.fitted)
        else:
            images = (image for _, image in islice(decode_readable(sample, decoded_side(recipe)), progress.to_fit))
            embedder = Embedder.fit(recipe, backbone, images, on_fitted)
    except SourceUnusable as error:
        if progress.fitted:
            raise
        raise SourceUnusable(
            f"expected at least one image that can be read, got none in {source.name}: check the files"
        ) from error
    progress.stage_seconds["embed"] += time.perf_counter() - started
    progress.stage = "ingesting"
    return embedder


def _sample(source: Source, recipe: Recipe) -> list[SourceImage]:
    """Return the images that a recipe's head is fitted on."""
    if recipe.needs_labels:
        return labelled_sample(source, TRAIN_SAMPLE if recipe.head == "trained" else FIT_SAMPLE)
    # Every n-th image, since a source may be sorted by class.
    step = max(1, -(-len(source) // FIT_SAMPLE)) if recipe.head_is_fitted else 1
    return list(islice(source, 0, None, step))
