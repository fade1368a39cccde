"""Resume a store's last job, or retry the inputs that were rejected."""

from collections.abc import Callable
from pathlib import Path

from ingest.embedding.network.backbone_factory import BackboneFactory, vgg16_factory
from ingest.job import ingest_source
from ingest.pipeline.options import BATCH_SIZE, JobOptions
from ingest.pipeline.progress import IngestReport, Progress
from ingest.sources import Source, open_source
from ingest.sources.job_source import JobSource
from ingest.sources.source_name import SourceName
from ingest.sources.subset import ImagesByKey, missing_keys
from storage import Job, Store


def retry(
    store: str | Path,
    *,
    weights: str | Path | None = None,
    download: bool = False,
    batch_size: int = BATCH_SIZE,
    make_backbone: BackboneFactory | None = None,
    milvus: str | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> IngestReport | None:
    """Resume the last job if it is unfinished, or else retry the rejected inputs of the last job that has any.

    Rejected inputs that the source no longer has are removed from the list; items are never removed. Return None when
    there is nothing to do. Raise SourceUnusable when a command cannot open the source again, and what `ingest` raises.
    """
    options = JobOptions(
        make_backbone or vgg16_factory(weights, download=download),
        batch_size=batch_size,
        milvus=milvus,
        on_progress=on_progress,
    )
    with Store.open(store) as opened:
        remaining = _remaining(opened)
    if remaining is None:
        return None
    job, keys = remaining
    name = SourceName.parse(job.source)
    source: Source = open_source(name.source, name.limit, flat=name.flat, download=download)
    missing: set[str] = set()
    if keys:
        missing = missing_keys(source, keys)
        source = ImagesByKey(source, keys)
    whole = not keys and name.limit is None
    return ingest_source(JobSource(source, job.source, name.name, whole, missing), store, options)


def _remaining(store: Store) -> tuple[Job, set[str]] | None:
    """Return the job to resume, without keys, or the job to retry, with the keys of its rejected inputs."""
    jobs = store.jobs()
    if jobs and not jobs[-1].finished:
        return jobs[-1], set()
    number = store.newest_job_with_rejects()
    for job in jobs:
        if job.number == number:
            return job, {reject.key for reject in store.rejects(number)}
    return None
