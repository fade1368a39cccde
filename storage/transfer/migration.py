"""Copy a store to another location as it is: the copy has the same ids and the same history, to the chain hash.

Batches are copied in order, each checked against its chain hash; an interrupted copy resumes after its last batch.
"""

from dataclasses import dataclass
from pathlib import Path

from storage.errors import StoreChanged, StoreExists
from storage.store import Store
from storage.types.embedding import Embedding
from storage.types.jobs import JobUpdate

#: Items whose sources are copied in one transaction.
_PAGE = 4096


@dataclass(frozen=True)
class Migrated:
    """The number of a copy's items and batches, and of the batches that this run copied."""

    items: int
    batches: int
    copied: int


def migrate(
    source: str | Path, target: str | Path, *, source_milvus: str | None = None, target_milvus: str | None = None
) -> Migrated:
    """Copy a store to a location that is free or has an unfinished copy of it.

    Batches added to the source meanwhile are copied by the next call. Raise StoreExists when the target has another
    history, and the errors of opening, reading and writing stores.
    """
    with Store.open(source, milvus=source_milvus) as original:
        last = original.last_batch()
        with _open_or_create(target, original.embedding, target_milvus) as copy:
            done = copy.last_batch()
            same_embedding = copy.embedding.fingerprint == original.embedding.fingerprint
            if not same_embedding or done.number > last.number or original.batch(done.number) != done:
                raise StoreExists(
                    f"expected no store at {copy.location}, or an unfinished copy of {original.location}, got another "
                    "store: name another location"
                )
            _copy_batches(original, copy)
            _copy_sources(original, copy)
            copy.write_jobs([JobUpdate(job, original.rejects(job.number)) for job in original.jobs()])
            copy.publish()
            return Migrated(len(copy), copy.last_batch().number, copy.last_batch().number - done.number)


def _open_or_create(target: str | Path, embedding: Embedding, milvus: str | None) -> Store:
    """Open the target for writing, whatever its embedding, or create it."""
    if Store.exists_at(target):
        return Store.open(target, writing=True, milvus=milvus)
    return Store.create(target, embedding, milvus=milvus)


def _copy_batches(original: Store, copy: Store) -> None:
    """Write all batches that the copy does not have yet."""
    while True:
        try:
            for copies in original.batches_after(copy.last_batch().number):
                copy.write_copies(copies)
            return
        except StoreChanged:
            # Compacted meanwhile: what is copied already stays, and the rest is read as it is now.
            continue


def _copy_sources(original: Store, copy: Store) -> None:
    """Write the sources of the copied items; items that were added to the original meanwhile are not in the copy."""
    ids = copy.ids().tolist()
    for start in range(0, len(ids), _PAGE):
        with original.reading() as catalog:
            # A renewal removes the sources of the old ids.
            catalog.require_embedding(copy.embedding.fingerprint)
            sources = catalog.sources.by_item(ids[start : start + _PAGE])
        copy.write_sources(sources)
