"""Renew a store: make the vectors of all its items anew, by another recipe, head, weights, precision or decoder.

The new vectors are made beside the old ones in a store of their own, by a job like any other, which can be interrupted
and resumed. Readers answer from the old ones until one transaction changes the store over to the new ones.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from ingest.embedding.embedder import Embedder, is_outgrown
from ingest.embedding.network.backbone_factory import BackboneFactory, vgg16_factory
from ingest.embedding.network.precision import parse_precision, stored_precision
from ingest.embedding.recipes import RECIPES, Recipe, recipe_of, recipe_or_auto
from ingest.errors import EmbeddingDrift
from ingest.images.decoding import DECODER
from ingest.originals import LostOriginals, Originals, find_originals
from ingest.pipeline.fitting import fit_embedder
from ingest.pipeline.options import BATCH_SIZE, JobOptions
from ingest.pipeline.progress import Progress
from ingest.pipeline.recipe_choice import choose_recipe
from ingest.pipeline.run import run
from ingest.sources import Source
from ingest.sources.job_source import JobSource
from storage import Embedding, Store
from storage.errors import OtherEmbedding, StoreCorrupt

#: Where an embedding's description has the digest of the labels that a renewal fitted its head on.
_LABELS = "labels"


@dataclass(frozen=True)
class RenewalReport:
    """What a renewal did; the counts of dropped items say why: missing, changed or unreadable originals.

    `renewed` is 0 when the vectors were already as they would be made. `previous_recipe` is the name of the recipe
    before, `fitted_on` the number of images that the new head was fitted on. `reasons` say why sources of missing
    originals could not be opened.
    """

    renewed: int
    missing: int
    changed: int
    unreadable: int
    items: int
    recipe: str
    previous_recipe: str
    fitted_on: int
    precision: str
    weights: dict[str, str]
    seconds: float
    reasons: tuple[str, ...] = ()


def renew(
    store: str | Path,
    *,
    recipe: str | Recipe | None = None,
    sources: Sequence[Source | str] = (),
    precision: str = "auto",
    weights: str | Path | None = None,
    download: bool = False,
    drop_missing: bool = False,
    batch_size: int = BATCH_SIZE,
    make_backbone: BackboneFactory | None = None,
    milvus: str | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> RenewalReport:
    """Make the vectors of a store's items anew from their original images, with a head fitted on them now.

    The recipe defaults to the store's, if it is a builtin one as it is now; "auto" chooses by the pictures' sizes
    again. The precision defaults to the fastest on this machine. Originals are searched for in `sources`, then in those
    that the store records. Every item gets a new id; keys, labels, metadata and sources stay. An interrupted renewal is
    resumed by the same call.
    With `drop_missing`, items whose originals are missing, changed or cannot be read are deleted; where no vector would
    change, those whose originals are missing.

    Raise OriginalsMissing, also when no original is left, StoreBusy when another process has written items meanwhile,
    and what `ingest` raises.
    """
    started = time.perf_counter()
    options = JobOptions(
        make_backbone or vgg16_factory(weights, download=download),
        precision=parse_precision(precision),
        batch_size=batch_size,
        on_progress=on_progress,
    )
    with Store.open(store, writing=True, milvus=milvus) as target:
        previous = target.embedding
        # Found when they are first needed, and only once: every source is walked.
        originals = cache(partial(find_originals, target, sources, download=download))
        recipe = _recipe(target, recipe, originals)
        renewed, lost = _renew(target, recipe, options, originals, drop_missing=drop_missing)
        spec = target.embedding.spec
        return RenewalReport(
            renewed=renewed,
            missing=len(lost.missing),
            changed=len(lost.changed),
            unreadable=len(lost.unreadable),
            items=len(target),
            recipe=target.embedding.name,
            previous_recipe=previous.name,
            fitted_on=int(spec.get("fitted_on", 0)),
            precision=str(spec.get("precision")),
            weights=dict(spec.get("weights", {})),
            seconds=round(time.perf_counter() - started, 3),
            reasons=tuple(lost.reasons),
        )


def _recipe(target: Store, recipe: str | Recipe | None, originals: Callable[[], Originals]) -> Recipe:
    """Return the recipe to renew a store by; raise OtherEmbedding for a store of imported vectors."""
    stored = recipe_of(target.embedding)
    if recipe is None:
        return RECIPES.get(stored.name, stored)
    return recipe_or_auto(recipe) or choose_recipe(originals()).recipe


def _renew(
    target: Store, recipe: Recipe, options: JobOptions, find: Callable[[], Originals], *, drop_missing: bool
) -> tuple[int, LostOriginals]:
    """Return how many items have new vectors, and the originals whose items were dropped."""
    nothing = 0, LostOriginals()
    if _finish_change_over(target) and _is_made_by(target.embedding, recipe, options):
        return len(target), LostOriginals()
    current = _is_current(target, recipe, options)
    if not len(target) or (current and not drop_missing):
        return nothing
    originals = find()
    missing = originals.missing
    if not drop_missing or not len(originals):
        missing.require_none(len(target))
    if current and not missing.missing:
        return nothing
    progress = Progress(len(originals), on_progress=options.on_progress)
    opened = _open_staged(target, originals, recipe, options, progress)
    if opened is None:
        # The vectors of the items that stay are as they would be made.
        target.delete(keys=missing.missing)
        return 0, missing
    staged, embedder = opened
    with staged:
        source = JobSource(originals, f"({originals.name})", None, whole=False)
        run(source, staged, embedder, options, progress)
        lost = originals.lost_in(staged)
        if not drop_missing or len(lost.keys) == len(target):
            lost.require_none(len(target), kept="; the new vectors made so far are kept")
        progress.enter("changing over")
        changed = target.change_over(staged, originals.contents_of(lost.keys))
    target.publish()
    target.remove_renewal()
    return changed.renewed, lost


def _finish_change_over(target: Store) -> bool:
    """Return whether the last renewal was interrupted after it had changed over, and clear up after it."""
    staged = target.open_renewal()
    if staged is None:
        return False
    with staged:
        finished = _same(staged.embedding, target.embedding)
    if finished:
        target.publish()
        target.remove_renewal()
    return finished


def _same(one: Embedding, other: Embedding) -> bool:
    """Return whether two embeddings make the same vectors, in the same precision."""
    return (one.fingerprint, one.spec.get("precision")) == (other.fingerprint, other.spec.get("precision"))


def _is_made_by(embedding: Embedding, recipe: Recipe, options: JobOptions) -> bool:
    """Return whether vectors were made by this recipe, decoder and precision."""
    spec = embedding.spec
    in_precision = options.precision in ("auto", spec.get("precision"))
    return in_precision and spec.get("recipe") == recipe.as_json() and spec.get("decoder") == DECODER


def _is_current(target: Store, recipe: Recipe, options: JobOptions) -> bool:
    """Return whether a renewal would make the same vectors: the head was fitted on all items, or needs no fitting.

    A head that was fitted on labels too is fitted again, since an item's label may have changed.
    """
    if recipe.needs_labels:
        return False
    embedding = target.embedding
    fitted_on_all = not recipe.head_is_fitted or embedding.spec.get("fitted_on", 0) >= len(target)
    if not fitted_on_all or not _is_made_by(embedding, recipe, options):
        return False
    return _restored(embedding, recipe, options) is not None


def _restored(embedding: Embedding, recipe: Recipe, options: JobOptions) -> Embedder | None:
    """Return the embedder of an embedding; None if this decoder, these weights or this machine make other vectors."""
    try:
        return Embedder.restore(embedding, options.make_backbone(recipe, stored_precision(embedding)))
    except (OtherEmbedding, EmbeddingDrift, StoreCorrupt):
        return None


def _open_staged(
    target: Store, originals: Originals, recipe: Recipe, options: JobOptions, progress: Progress
) -> tuple[Store, Embedder] | None:
    """Return the store of an interrupted renewal, or a new one, and its embedder.

    Return None when the embedder makes the same vectors as the target's. An interrupted renewal by another embedding,
    whose head was fitted on other labels, or on few of the images that there are now, is discarded.
    """
    labels = originals.labels_digest() if recipe.needs_labels else None
    staged = target.open_renewal()
    if staged is not None:
        embedding = staged.embedding
        is_usable = (
            embedding.spec.get(_LABELS) == labels
            and _is_made_by(embedding, recipe, options)
            and not is_outgrown(embedding, len(originals))
        )
        embedder = _restored(embedding, recipe, options) if is_usable else None
        if embedder is not None:
            return staged, embedder
        staged.close()
    target.remove_renewal()
    embedder = fit_embedder(originals, recipe, options.precision, options.make_backbone, progress)
    embedding = embedder.embedding()
    if labels is not None:
        embedding = replace(embedding, spec={**embedding.spec, _LABELS: labels})
    return None if _same(embedding, target.embedding) else (target.create_renewal(embedding), embedder)
