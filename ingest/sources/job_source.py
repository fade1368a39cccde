"""The source of a job: its images, and the names by which the store remembers them."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import SourceUnusable
from ingest.sources.registry import open_source, path_source_name
from ingest.sources.source import Source
from ingest.sources.source_name import SourceName
from ingest.sources.subset import limited
from storage.types.items import is_storable_text


@dataclass(frozen=True)
class JobSource:
    """The images of a job; the store lists the job under `text`, and the items under `name`.

    Without a name it cannot be told which stored items are the source's. Only when the images are the `whole` source
    can it be told which of its items are gone. `missing_keys` are keys of rejected inputs that the source no longer
    has, to remove from the rejected inputs.
    """

    images: Source
    text: str
    name: str | None
    whole: bool = True
    missing_keys: Collection[str] = ()


def job_source(
    source: Source | str | Path, limit: int | None, *, flat: bool, download: bool, source_name: str | None
) -> JobSource:
    """Return the source that a command names, opened, or a source that a program passes, by its `source_name` if any.

    A path alone names the folder, the `.npz` file or the manifest that is there.

    Raise SourceUnusable, also for a name that cannot be stored, and the errors of opening the source.
    """
    if isinstance(source, Path):
        source = path_source_name(source)
    if isinstance(source, str):
        if source_name is not None:
            raise SourceUnusable(f"expected a source_name for an object only, got {source_name!r} for {source!r}")
        named = SourceName(source, limit, flat)
        images = open_source(source, limit, flat=flat, download=download)
        return JobSource(images, str(named), named.name, whole=limit is None)
    if source_name is not None and (not source_name or not is_storable_text(source_name)):
        raise SourceUnusable(f"expected a source_name in Unicode without NUL, got {source_name!r}")
    if not all(hasattr(source, attribute) for attribute in ("name", "__len__", "__iter__")):
        raise SourceUnusable(
            f"expected a source's name, a path, or an object with a name, a length and images, got "
            f"{type(source).__name__}: wrap images in ingest.sources.InMemorySource"
        )
    name = None if source_name is None else f"({source_name})"
    return JobSource(limited(source, limit), name or f"({source.name})", name, whole=limit is None)
