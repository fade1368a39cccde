"""The batch job: bring a store up to date with a source of images."""

import shlex
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ingest.embedding.network.backbone_factory import BackboneFactory, vgg16_factory
from ingest.embedding.network.precision import parse_precision
from ingest.embedding.recipes import Recipe, recipe_or_auto
from ingest.pipeline.fitting import fit_embedder
from ingest.pipeline.options import BATCH_SIZE, JobOptions, Workers
from ingest.pipeline.progress import IngestReport, Progress
from ingest.pipeline.prune import require_prunable
from ingest.pipeline.recipe_choice import choose_recipe
from ingest.pipeline.run import run
from ingest.sources import Source, column_kinds, skipped_kinds
from ingest.sources.job_source import JobSource, job_source
from ingest.sources.subset import missing_keys
from storage import Store
from storage.errors import OtherEmbedding


def ingest(
    source: Source | str | Path,
    store: str | Path,
    *,
    recipe: str | Recipe | None = None,
    precision: str = "auto",
    weights: str | Path | None = None,
    download: bool = False,
    flat: bool = False,
    limit: int | None = None,
    source_name: str | None = None,
    prune: bool = False,
    confirm_prune: Callable[[int, int], bool] = lambda _gone, _items: False,
    batch_size: int = BATCH_SIZE,
    make_backbone: BackboneFactory | None = None,
    milvus: str | None = None,
    workers: Workers | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> IngestReport:
    """Bring a store up to date with a source: add new images, replace changed ones, and leave the others alone.

    A file that moved within its source keeps its vector, and so does an image whose label or metadata changed. With
    `prune`, items of the source that it no longer has are removed; if they are more than half, `confirm_prune` must
    agree, which is called with how many are gone and how many there were.

    A store is created if there is none, with `recipe` or the one that suits its pictures. Every batch is durable by
    itself, so the same call resumes an interrupted job; Ctrl-C stops a job after the current batch. An image that
    cannot be read is rejected with a reason, and the job goes on. A source given as an object is read in another
    thread, ahead of the embedding; only with a `source_name` of its own, the same in each job, can its items be
    told from others'.

    With `flat` the images of `folder:DIR` have no labels. With `download` Keras may download weights, and the data of
    `mnist` or `fashion-mnist`, that are not installed. The `precision` defaults to the store's, and for a new store to
    the fastest on this machine. `milvus` is the URL of a Milvus server that follows the store. With `workers`, Ray
    decodes and embeds; what is stored is the same.

    Raise InvalidCount for a limit or batch size below 1, PruneRefused, SourceUnusable, UnknownRecipe, UnknownPrecision,
    WeightsUnusable, OtherEmbedding when the store has another recipe or other weights, EmbeddingDrift, WorkersUnusable,
    and the errors of opening and writing a store.
    """
    options = JobOptions(
        make_backbone or vgg16_factory(weights, download=download),
        recipe=recipe_or_auto(recipe),
        precision=parse_precision(precision),
        batch_size=batch_size,
        milvus=milvus,
        workers=workers,
        prune=prune,
        confirm_prune=confirm_prune,
        on_progress=on_progress,
    )
    opened = job_source(source, limit, flat=flat, download=download, source_name=source_name)
    return ingest_source(opened, store, options)


def ingest_source(source: JobSource, store: str | Path, options: JobOptions) -> IngestReport:
    """Bring a store up to date with an open source."""
    if options.prune:
        require_prunable(source)
    started = time.perf_counter()
    progress = Progress(
        len(source.images),
        skipped=skipped_kinds(source.images),
        columns=column_kinds(source.images),
        on_progress=options.on_progress,
    )
    if Store.exists_at(store):
        target, embedder = Store.open(store, writing=True, milvus=options.milvus), None
    else:
        Store.require_free(store, milvus=options.milvus)
        if options.workers is not None:
            # Imported here: Ray is an extra, and takes seconds to load.
            from ingest.pipeline.ray_cluster import require_cluster

            require_cluster(options.workers)
        recipe = options.recipe
        if recipe is None:
            choice = choose_recipe(source.images)
            recipe, progress.recipe_reason = choice.recipe, choice.reason
        embedder = fit_embedder(source.images, recipe, options.precision, options.make_backbone, progress)
        target = Store.create(store, embedder.embedding(), milvus=options.milvus)
    with target:
        require_recipe(target, options.recipe)
        run(_with_missing_keys(source, target), target, embedder, options, progress)
        return IngestReport.of(progress, target, time.perf_counter() - started)


def _with_missing_keys(source: JobSource, store: Store) -> JobSource:
    """Return a whole source with the keys that its former jobs rejected and that it no longer has."""
    if not source.whole or source.name is None:
        return source
    jobs = [job.number for job in store.jobs() if job.source == source.text]
    rejected = {reject.key for job in jobs for reject in store.rejects(job)}
    return replace(source, missing_keys=missing_keys(source.images, rejected))


def require_recipe(store: Store, recipe: Recipe | None) -> None:
    """Raise OtherEmbedding when a recipe is given that is not the store's."""
    if recipe is None or store.embedding.spec.get("recipe") == recipe.as_json():
        return
    expected, given = store.embedding.name, recipe.name
    if expected == given:
        expected, given = f"{expected}, as it was when the store was made", f"{given} as it is now"
    renewal = f"change the store by `lookalike renew --store {shlex.quote(str(store.location))}` with this --recipe"
    raise OtherEmbedding(
        f"expected the recipe of the store {store.location} ({expected}), got {given}: leave --recipe out, "
        f"{f'{renewal}, ' if 'recipe' in store.embedding.spec else ''}or ingest into another store"
    )
