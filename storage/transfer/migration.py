"""Copy a store to another place as it is: the copy has the same ids and the same history, to the chain hash.

Whole batches are copied in order, each transaction proved by the chain hash of its batches; a copy that was stopped
goes on after the last batch that it has.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storage.errors import StoreExists
from storage.store import Store
from storage.types.jobs import JobUpdate


@dataclass(frozen=True)
class Migrated:
    """What a copy holds now: its items, its batches, and how many of them were copied this time."""

    items: int
    batches: int
    copied: int


def migrate(
    source: str | Path,
    target: str | Path,
    *,
    source_milvus: str | None = None,
    target_milvus: str | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Migrated:
    """Copy a store to a place where there is none, or a part of it already; `on_progress` hears of batches.

    Batches that are added to the source meanwhile come with the next call. Raise StoreExists when the target is no
    part of the source's history, and the errors of opening, reading and writing stores.
    """
    with Store.open(source, milvus=source_milvus) as original:
        last = original.last_batch()
        with Store.open_or_create(target, original.embedding, milvus=target_milvus) as copy:
            done = copy.last_batch()
            if done.number > last.number or original.batch(done.number) != done:
                raise StoreExists(
                    f"expected no store at {copy.location}, or an unfinished copy of {original.location}, got another "
                    "store: name another place"
                )
            on_progress(done.number, last.number)
            for copies in original.batches_after(done.number):
                copy.write_copies(copies)
                on_progress(copies[-1].batch.number, last.number)
            copy.write_jobs([JobUpdate(job, original.rejects(job.number)) for job in original.jobs()])
            copy.publish()
            return Migrated(len(copy), copy.last_batch().number, copy.last_batch().number - done.number)
