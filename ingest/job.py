"""The batch job: bring a store up to date with a source of images."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ingest.counts import require_count
from ingest.embedding import recipes
from ingest.embedding.network.backbone import MakeBackbone
from ingest.embedding.network.backbone_factory import vgg16_backbone
from ingest.embedding.network.precision import precision_named
from ingest.embedding.recipes import Recipe
from ingest.pipeline.fitting import fitted_embedder
from ingest.pipeline.progress import IngestReport, Progress, report_of
from ingest.pipeline.ray_workers import Workers
from ingest.pipeline.run import LazyEmbedder, run
from ingest.sources import Source, limited, open_source
from ingest.sources.source_name import job_name
from storage import Store
from storage.errors import OtherEmbedding

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
    milvus: str | None = None,
    workers: Workers | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> IngestReport:
    """Bring a store up to date with a source: new images are added, changed ones replaced, the others left alone.

    A store is created when there is none, with the default recipe unless one is given. Every batch is durable by
    itself, so a job that was stopped is continued by calling this again; Ctrl-C stops one after the batch in hand.
    The source is walked in a thread of its own, ahead of what is embedded. An image that cannot be read is rejected
    with a reason, and the job goes on. With `flat` the images of `folder:DIR` have no labels; with `download` Keras
    may download weights, and `mnist` or `fashion-mnist`, that are found nowhere. The `precision` is the store's, and
    a new store's is the fastest on this machine, unless one is given. `milvus` is the URL of a Milvus server that
    follows the store. With `workers`, images are decoded and embedded by Ray; what is stored is the same.

    Raise InvalidCount for a limit or batch size below 1, SourceUnusable, UnknownRecipe, UnknownPrecision,
    WeightsUnusable, OtherEmbedding when the store has another recipe or other weights, EmbeddingDrift, and the errors
    of opening and writing a store.
    """
    require_count("the batch size", batch_size, str(BATCH_SIZE))
    if isinstance(source, str):
        opened = open_source(source, limit, flat=flat, download=download)
        named = job_name(source, limit, flat=flat)
    else:
        opened = limited(source, limit)
        named = f"({source.name})"
    return bring(
        opened,
        named,
        store,
        recipe=recipes.recipe_named(recipe) if isinstance(recipe, str) else recipe,
        precision=precision,
        network=make_backbone or vgg16_backbone(weights, download=download),
        batch_size=batch_size,
        milvus=milvus,
        workers=workers,
        on_progress=on_progress,
    )


def bring(
    source: Source,
    named: str,
    store: str | Path,
    *,
    network: MakeBackbone,
    batch_size: int,
    on_progress: Callable[[Progress], None],
    recipe: Recipe | None = None,
    precision: str = "auto",
    gone: Sequence[str] = (),
    milvus: str | None = None,
    workers: Workers | None = None,
) -> IngestReport:
    """Do what `ingest` does with an open source, called `named` in the ledger.

    The ledger forgets the rejected keys that are `gone` from the source.
    """
    started = time.perf_counter()
    asked = precision_named(precision)
    progress = Progress(len(source))
    if Store.exists_at(store):
        target, embedder = Store.open(store, writing=True, milvus=milvus), None
    else:
        Store.require_free(store)
        embedder = fitted_embedder(source, recipe or recipes.DEFAULT, asked, network, progress, on_progress)
        target = Store.create(store, embedder.embedding(), milvus=milvus)
    with target:
        _require_recipe(target, recipe)
        lazy = LazyEmbedder(target, network, asked, embedder, progress)
        run(source, named, target, lazy, batch_size, progress, on_progress, gone, workers)
        return report_of(target, progress, time.perf_counter() - started)


def _require_recipe(store: Store, recipe: Recipe | None) -> None:
    kept = store.embedding.spec.get("recipe")
    if recipe is None or kept == recipe.as_json():
        return
    name = store.embedding.name
    made, asked = (name, recipe.name)
    if name == recipe.name:
        made, asked = f"{name}, as it was when the store was made", f"{name} as it is now"
    raise OtherEmbedding(
        f"expected the recipe of the store {store.location} ({made}), got {asked}: "
        "leave --recipe out, or ingest into another store"
    )
