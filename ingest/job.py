"""The batch job: walk a source, embed what is new or changed, and commit it batch by batch."""

import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from ingest import recipes
from ingest.backbone import Floats, MakeBackbone
from ingest.counts import require_count
from ingest.embedder import Embedder, network_input
from ingest.errors import UnreadableImage
from ingest.fitting import fitted_embedder
from ingest.images import content_digest, thumbnail
from ingest.networks import vgg16_backbone
from ingest.outcome import IngestReport, Progress, Rejected, report_of
from ingest.precision import Asked, precision_named, precision_of
from ingest.recipes import Recipe, recipe_of
from ingest.sources import Source, SourceImage, decoded, limited, open_source
from storage import NewItem, Store
from storage.console import printable
from storage.errors import InvalidItem, OtherEmbedding
from storage.items import is_text
from storage.rows import require_storable

#: Images in one batch: what is committed, and lost from memory, together.
BATCH_SIZE = 512


def ingest(
    source: Source | str,
    store: str | Path,
    *,
    recipe: str | Recipe | None = None,
    precision: str = "auto",
    weights: str | Path | None = None,
    download: bool = False,
    flat: bool = False,
    limit: int | None = None,
    batch_size: int = BATCH_SIZE,
    make_backbone: MakeBackbone | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> IngestReport:
    """Bring a store up to date with a source: new images are added, changed ones replaced, the others left alone.

    A store is created when there is none, with the default recipe unless one is given. Every batch is durable
    before the next begins, so a job that was stopped is continued by calling this again. An image that cannot be
    read is rejected with a reason, and the job goes on. With `flat` the images of `folder:DIR` have no labels; with
    `download` Keras may download weights, and `mnist` or `fashion-mnist`, that are found nowhere. The `precision` is
    the store's, and a new store's is the fastest on this machine, unless one is given.

    Raise InvalidCount for a limit or batch size below 1, SourceUnusable, UnknownRecipe, UnknownPrecision,
    WeightsUnusable, OtherEmbedding when the store has another recipe or other weights, EmbeddingDrift, and the errors
    of opening and writing a store.
    """
    started = time.perf_counter()
    require_count("the batch size", batch_size, str(BATCH_SIZE))
    asked = precision_named(precision)
    opened = _opened(source, limit, flat=flat, download=download)
    chosen = recipes.recipe_named(recipe) if isinstance(recipe, str) else recipe
    network = make_backbone or vgg16_backbone(weights, download=download)
    progress = Progress(len(opened))
    if Store.exists_at(store):
        target, embedder = Store.open(store, writing=True), None
    else:
        Store.require_free(store)
        embedder = fitted_embedder(opened, chosen or recipes.DEFAULT, asked, network, progress, on_progress)
        target = Store.create(store, embedder.embedding())
    with target:
        _require_recipe(target, chosen)
        for batch in _batches(iter(opened), batch_size):
            embedder = _ingest_batch(batch, target, embedder, asked, network, progress)
            on_progress(progress)
        progress.stage = "writing the index"
        on_progress(progress)
        target.publish()
        return report_of(target, progress, time.perf_counter() - started)


def _opened(source: Source | str, limit: int | None, *, flat: bool, download: bool) -> Source:
    if isinstance(source, str):
        return open_source(source, limit, flat=flat, download=download)
    return limited(source, limit)


def _require_recipe(store: Store, recipe: Recipe | None) -> None:
    kept = store.embedding.spec.get("recipe")
    if recipe is not None and kept != recipe.as_json():
        raise OtherEmbedding(
            f"expected the recipe of the store {store.folder} ({store.embedding.name}), got {recipe.name}: "
            "leave --recipe out, or ingest into another store"
        )


def _ingest_batch(
    batch: list[SourceImage],
    store: Store,
    embedder: Embedder | None,
    precision: Asked,
    network: MakeBackbone,
    progress: Progress,
) -> Embedder | None:
    """Embed and commit what is new or changed in a batch; return the embedder, made if it was needed."""
    started = time.perf_counter()
    items: list[NewItem] = []
    inputs: list[Floats] = []
    recipe = recipe_of(store.embedding)
    stored = store.contents([input.key for input in batch if is_text(input.key)])
    for input in batch:
        try:
            if not is_text(input.key):
                raise UnreadableImage(f"expected a name in UTF-8, got {input.key!r}: rename the file")
            require_storable(input.key, input.label, input.metadata)
            content = input.read()
            digest = content_digest(content)
            if stored.get(input.key) == digest:
                progress.unchanged += 1
                continue
            image = decoded(input, content)
        except (InvalidItem, UnreadableImage) as error:
            progress.rejects.append(Rejected(printable(input.key), str(error)))
            continue
        height, width = image.shape[:2]
        metadata = {**input.metadata, "width": width, "height": height}
        items.append(NewItem(input.key, digest, input.label, metadata, thumbnail(image)))
        # A photograph is let go of here: what the network takes of it is small.
        inputs.append(network_input(recipe, image))
    prepared = time.perf_counter()
    if items:
        if embedder is None:
            kept = precision_of(store.embedding) if precision == "auto" else precision
            embedder = Embedder.restore(store.embedding, network(recipe, kept))
        vectors = embedder.embed_inputs(inputs)
        embedded = time.perf_counter()
        appended = store.append(items, vectors)
        progress.stage_seconds["embed"] += embedded - prepared
        progress.stage_seconds["write"] += time.perf_counter() - embedded
        progress.replaced += appended.replaced
        progress.added += len(items) - appended.replaced
    progress.stage_seconds["decode"] += prepared - started
    return embedder


def _batches(inputs: Iterator[SourceImage], size: int) -> Iterator[list[SourceImage]]:
    # `islice` counts to `sys.maxsize` and no further.
    while batch := list(islice(inputs, min(size, sys.maxsize))):
        yield batch
