"""Take up again what a store's last jobs left: an unfinished one, or the inputs that were rejected."""

from collections.abc import Callable, Iterator
from pathlib import Path

from ingest.embedding.network.backbone import MakeBackbone
from ingest.embedding.network.backbone_factory import vgg16_backbone
from ingest.job import BATCH_SIZE, bring
from ingest.pipeline.progress import IngestReport, Progress
from ingest.sources import Source, SourceImage, open_source
from ingest.sources.source_name import named_source
from storage import Job, Rejected, Store
from storage.console import printable


class Chosen:
    """The images of a source whose keys, as they can be shown, are among some."""

    def __init__(self, source: Source, keys: set[str]) -> None:
        self.name = source.name
        self._source = source
        self._keys = keys
        self._count = sum(1 for _ in self)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[SourceImage]:
        return (image for image in self._source if printable(image.key) in self._keys)


def retry(
    store: str | Path,
    *,
    weights: str | Path | None = None,
    download: bool = False,
    batch_size: int = BATCH_SIZE,
    make_backbone: MakeBackbone | None = None,
    milvus: str | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> IngestReport | None:
    """Take up the last job if it is unfinished, or else the rejected inputs of the last one that left some.

    An input that is no longer in its source is rejected no more. Return None when there is nothing to take up; raise
    SourceUnusable when a command cannot open the source again, and what `ingest` raises.
    """
    with Store.open(store) as opened:
        found = _left(opened)
    if found is None:
        return None
    job, rejects = found
    named = named_source(job.source)
    source: Source = open_source(named.source, named.limit, flat=named.flat, download=download)
    gone: list[str] = []
    if rejects:
        keys = {reject.key for reject in rejects}
        source = Chosen(source, keys)
        gone = sorted(keys - {printable(image.key) for image in source})
    return bring(
        source,
        job.source,
        store,
        network=make_backbone or vgg16_backbone(weights, download=download),
        batch_size=batch_size,
        gone=gone,
        milvus=milvus,
        on_progress=on_progress,
    )


def _left(store: Store) -> tuple[Job, list[Rejected]] | None:
    """Return the job to take up, with the rejected inputs to take up of it, none for all inputs."""
    jobs = store.jobs()
    if jobs and not jobs[-1].finished:
        return jobs[-1], []
    for job in reversed(jobs):
        if rejects := store.rejects(job.number):
            return job, rejects
    return None
