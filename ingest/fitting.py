"""Fit an embedder on a sample of a source, before there is a store to put anything into."""

import time
from collections.abc import Callable, Iterator
from itertools import islice

from ingest.backbone import MakeBackbone, RememberingBackbone
from ingest.embedder import Embedder
from ingest.errors import SourceUnusable, UnreadableImage
from ingest.images import Image
from ingest.outcome import Progress
from ingest.precision import Asked
from ingest.recipes import Recipe
from ingest.sources import Source, SourceImage, decoded
from storage.items import is_text

#: A head is fitted on at most this many images, spread evenly over the source, and their features are kept.
FIT_SAMPLE = 5_000


def fitted_embedder(
    source: Source,
    recipe: Recipe,
    precision: Asked,
    make_backbone: MakeBackbone,
    progress: Progress,
    on_progress: Callable[[Progress], None],
) -> Embedder:
    """Return an embedder fitted on a sample of the source, which will not compute the sample's features again.

    Raise SourceUnusable when no image of the sample can be read.
    """
    # Every n-th image, since a source may be sorted by class; a head that learns nothing needs to see but one.
    step = max(1, -(-len(source) // FIT_SAMPLE)) if recipe.learns else 1
    sample = list(islice(source, 0, None, step))
    images = _readable(sample) if recipe.learns else islice(_readable(sample), 1)
    progress.stage, progress.to_fit = "fitting", len(sample) if recipe.learns else 1
    on_progress(progress)

    def fitted(count: int) -> None:
        progress.fitted = count
        on_progress(progress)

    started = time.perf_counter()
    # One more than the images, for the black one that fills up the last batch.
    backbone = RememberingBackbone(make_backbone(recipe, precision), capacity=progress.to_fit + 1)
    try:
        embedder = Embedder.fit(recipe, backbone, images, fitted)
    except SourceUnusable as error:
        raise SourceUnusable(
            f"expected at least one image that can be read, got none in {source.name}: check the files"
        ) from error
    progress.stage_seconds["embed"] += time.perf_counter() - started
    progress.stage = "ingesting"
    return embedder


def _readable(sample: list[SourceImage]) -> Iterator[Image]:
    """Walk the images that can be read; the others are rejected with a reason when the job comes to them."""
    for input in sample:
        if not is_text(input.key):
            continue
        try:
            yield decoded(input, input.read())
        except UnreadableImage:
            continue
