"""The batch job: walk a source, embed what is new or changed, and commit it batch by batch."""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from ingest import recipes
from ingest.backbone import MakeBackbone, RememberingBackbone, vgg16_backbone
from ingest.embedder import Embedder
from ingest.errors import SourceUnusable, UnreadableImage
from ingest.images import Image, checked_image, content_digest, decode, thumbnail
from ingest.recipes import Recipe
from ingest.sources import Source, SourceImage, open_source
from ingest.sources.listed import evenly
from storage import NewItem, Store
from storage.console import printable
from storage.errors import OtherEmbedding

#: Images in one batch: what is committed, and lost from memory, together.
BATCH_SIZE = 512

#: A head is fitted on at most this many images, spread evenly over the source, and their features are kept.
FIT_SAMPLE = 5_000


@dataclass(frozen=True, slots=True)
class Rejected:
    """An input that could not be embedded, and why."""

    key: str
    reason: str


@dataclass
class Progress:
    """How far a job has come: what became of the inputs so far, out of `total`.

    While `stage` is "fitting", `fitted` of `to_fit` images have been looked at.
    """

    total: int
    stage: str = "ingesting"
    fitted: int = 0
    to_fit: int = 0
    added: int = 0
    unchanged: int = 0
    replaced: int = 0
    rejects: list[Rejected] = field(default_factory=list)
    stage_seconds: dict[str, float] = field(default_factory=lambda: {"decode": 0.0, "embed": 0.0, "write": 0.0})

    @property
    def done(self) -> int:
        """Return how many inputs have an outcome."""
        return self.added + self.unchanged + self.replaced + len(self.rejects)


@dataclass(frozen=True)
class IngestReport:
    """What a job did; `images_per_second` counts the images that were embedded."""

    added: int
    unchanged: int
    replaced: int
    rejected: int
    rejects: tuple[Rejected, ...]
    items: int
    seconds: float
    images_per_second: float
    stage_seconds: dict[str, float]
    recipe: str
    precision: str
    weights: dict[str, str]
    peak_rss_mb: float

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)


def ingest(
    source: Source | str,
    store: str | Path,
    *,
    recipe: str | Recipe | None = None,
    weights: str | Path | None = None,
    download: bool = False,
    limit: int | None = None,
    batch_size: int = BATCH_SIZE,
    make_backbone: MakeBackbone | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> IngestReport:
    """Bring a store up to date with a source: new images are added, changed ones replaced, the others left alone.

    A store is created when there is none, with the default recipe unless one is given. Every batch is durable
    before the next begins, so a job that was stopped is continued by calling this again. An image that cannot be
    read is rejected with a reason, and the job goes on.

    Raise SourceUnusable, UnknownRecipe, WeightsUnusable, OtherEmbedding when the store has another recipe or other
    weights, EmbeddingDrift, and the errors of opening and writing a store.
    """
    started = time.perf_counter()
    opened = open_source(source, limit) if isinstance(source, str) else source
    chosen = recipes.recipe_named(recipe) if isinstance(recipe, str) else recipe
    network = make_backbone or vgg16_backbone(weights, download=download)
    progress = Progress(len(opened))
    if Store.exists_at(store):
        target, embedder = Store.open(store, writing=True), None
    else:
        Store.require_free(store)
        embedder = _fitted_embedder(opened, chosen or recipes.DEFAULT, network, progress, on_progress)
        target = Store.create(store, embedder.embedding())
    with target:
        _require_recipe(target, chosen)
        for batch in _batches(iter(opened), batch_size):
            embedder = _ingest_batch(batch, target, embedder, network, progress)
            on_progress(progress)
        progress.stage = "writing the index"
        on_progress(progress)
        target.publish()
        return _report(target, progress, time.perf_counter() - started)


def _require_recipe(store: Store, recipe: Recipe | None) -> None:
    kept = store.embedding.spec.get("recipe")
    if recipe is not None and kept != recipe.as_json():
        raise OtherEmbedding(
            f"expected the recipe of the store {store.folder} ({store.embedding.name}), got {recipe.name}: "
            "leave --recipe out, or ingest into another store"
        )


def _fitted_embedder(
    source: Source,
    recipe: Recipe,
    network: MakeBackbone,
    progress: Progress,
    on_progress: Callable[[Progress], None],
) -> Embedder:
    """Return an embedder fitted on a sample of the source, which will not compute the sample's features again."""
    progress.stage = "fitting"
    on_progress(progress)
    started = time.perf_counter()
    images = []
    for input in evenly(source, len(source), FIT_SAMPLE):
        try:
            images.append(_decoded(input, input.read()))
        except UnreadableImage:
            continue
    if not images:
        raise SourceUnusable(
            f"expected at least one image that can be read, got none in {source.name}: check the files"
        )
    progress.stage_seconds["decode"] += time.perf_counter() - started
    progress.to_fit = len(images)
    started = time.perf_counter()
    backbone = RememberingBackbone(network(recipe), capacity=FIT_SAMPLE)

    def fitted(count: int) -> None:
        progress.fitted = count
        on_progress(progress)

    embedder = Embedder.fit(recipe, backbone, images, fitted)
    progress.stage_seconds["embed"] += time.perf_counter() - started
    progress.stage = "ingesting"
    return embedder


def _ingest_batch(
    batch: list[SourceImage], store: Store, embedder: Embedder | None, network: MakeBackbone, progress: Progress
) -> Embedder | None:
    """Embed and commit what is new or changed in a batch; return the embedder, made if it was needed."""
    started = time.perf_counter()
    items: list[NewItem] = []
    images: list[Image] = []
    stored = store.contents([input.key for input in batch if _is_text(input.key)])
    for input in batch:
        try:
            if not _is_text(input.key):
                raise UnreadableImage(f"expected a name in UTF-8, got {input.key!r}: rename the file")
            content = input.read()
            digest = content_digest(content)
            if stored.get(input.key) == digest:
                progress.unchanged += 1
                continue
            image = _decoded(input, content)
        except UnreadableImage as error:
            progress.rejects.append(Rejected(printable(input.key), str(error)))
            continue
        height, width = image.shape[:2]
        metadata = {**input.metadata, "width": width, "height": height}
        items.append(NewItem(input.key, digest, input.label, metadata, thumbnail(image)))
        images.append(image)
    decoded = time.perf_counter()
    if items:
        if embedder is None:
            embedder = Embedder.restore(
                store.embedding, network(Recipe.from_json(dict(store.embedding.spec["recipe"])))
            )
        vectors = embedder.embed(images)
        embedded = time.perf_counter()
        appended = store.append(items, vectors)
        progress.stage_seconds["embed"] += embedded - decoded
        progress.stage_seconds["write"] += time.perf_counter() - embedded
        progress.replaced += appended.replaced
        progress.added += len(items) - appended.replaced
    progress.stage_seconds["decode"] += decoded - started
    return embedder


def _decoded(input: SourceImage, content: bytes | Image) -> Image:
    return decode(content, printable(input.key)) if isinstance(content, bytes) else checked_image(content)


def _is_text(key: str) -> bool:
    """Tell whether a key can be written as UTF-8; a file name need not be."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True


def _batches(inputs: Iterator[SourceImage], size: int) -> Iterator[list[SourceImage]]:
    while batch := list(islice(inputs, size)):
        yield batch


def _report(store: Store, progress: Progress, seconds: float) -> IngestReport:
    embedded = progress.added + progress.replaced
    spec = store.embedding.spec
    # Linux counts in KiB, macOS in bytes.
    unit = 1024.0**2 if sys.platform == "darwin" else 1024.0
    return IngestReport(
        added=progress.added,
        unchanged=progress.unchanged,
        replaced=progress.replaced,
        rejected=len(progress.rejects),
        rejects=tuple(progress.rejects),
        items=len(store),
        seconds=round(seconds, 3),
        images_per_second=round(embedded / seconds, 1),
        stage_seconds={stage: round(spent, 3) for stage, spent in progress.stage_seconds.items()},
        recipe=store.embedding.name,
        precision=str(spec.get("precision")),
        weights=dict(spec.get("weights", {})),
        peak_rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1),
    )
