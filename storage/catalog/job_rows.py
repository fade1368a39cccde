"""The rows of jobs that filled the store, and of the inputs that could not be stored."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from storage.catalog.dialect import bind_values, in_values, is_sqlite
from storage.catalog.schema import JOB_NUMBERS, JobChangesRow, JobRow, RejectRow
from storage.errors import StoreCorrupt
from storage.types.items import is_storable_text
from storage.types.jobs import Job, JobUpdate, Rejected
from storage.types.storable import MAX_KEY_BYTES

#: The last fields of `Job`, which are columns of `job_changes`; all others are columns of `jobs`, in order.
_CHANGES = ("moved", "relabelled", "pruned")

_JOB = sa.select(JobRow.__table__).order_by(JobRow.number)
_CHANGES_BY_JOB = sa.select(JobChangesRow.job, *(JobChangesRow.__table__.c[name] for name in _CHANGES))


class JobRows:
    """Reads and writes jobs in one transaction; a store of format 1 has no tables for them, and reads as empty."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def _table_exists(self, table: type[JobRow | JobChangesRow]) -> bool:
        return sa.inspect(self._connection).has_table(table.__tablename__)

    def next_number(self) -> int:
        """Return a job number that was not used before."""
        newest = self._connection.execute(sa.select(sa.func.max(JobRow.number))).scalar_one() or 0
        if is_sqlite(self._connection):
            return newest + 1
        # Jobs that were copied from another store did not advance the server's sequence.
        while (number := int(self._connection.execute(JOB_NUMBERS.next_value()).scalar_one())) <= newest:
            pass
        return number

    def write(self, updates: Sequence[JobUpdate]) -> None:
        """Write jobs' progress and their new rejects, and remove the rejects that are resolved."""
        for update in updates:
            self._write(update)

    def _write(self, update: JobUpdate) -> None:
        values = asdict(update.job) | {"source": _storable(update.job.source)}
        changes = {name: values.pop(name) for name in _CHANGES}
        updated = self._connection.execute(sa.update(JobRow).where(JobRow.number == update.job.number).values(values))
        if not updated.rowcount:
            self._connection.execute(sa.insert(JobRow).values(values))
        self._connection.execute(sa.delete(JobChangesRow).where(JobChangesRow.job == update.job.number))
        if any(changes.values()):
            self._connection.execute(sa.insert(JobChangesRow).values(job=update.job.number, **changes))
        rejects = {_storable_key(reject.key): _storable(reject.reason) for reject in update.rejects}
        outdated = [*map(_storable_key, update.resolved), *rejects]
        if outdated:
            self._connection.execute(sa.delete(RejectRow).where(in_values(RejectRow.key)), bind_values(outdated))
        if rejects:
            rows = [{"key": key, "job": update.job.number, "reason": reason} for key, reason in rejects.items()]
            self._connection.execute(sa.insert(RejectRow), rows)

    def all(self) -> list[Job]:
        """Return every job, the newest last."""
        if not self._table_exists(JobRow):
            return []
        changes: dict[int, Sequence[int]] = {}
        if self._table_exists(JobChangesRow):
            changes = {job: counts for job, *counts in self._connection.execute(_CHANGES_BY_JOB)}
        jobs = [Job(*row, *changes.get(row.number, ())) for row in self._connection.execute(_JOB)]
        for job in jobs:
            _require_type(job.source, str)
            counts = (job.total, job.added, job.replaced, job.unchanged, job.rejected)
            for count in (*counts, job.moved, job.relabelled, job.pruned):
                _require_type(count, int)
        return jobs

    def rejects(self, job: int | None = None) -> list[Rejected]:
        """Return the inputs that could not be stored, of all jobs or one, in the order of their keys."""
        if not self._table_exists(JobRow):
            return []
        select = sa.select(RejectRow.key, RejectRow.reason).order_by(RejectRow.key)
        if job is not None:
            select = select.where(RejectRow.job == job)
        rejects = [Rejected(*row) for row in self._connection.execute(select)]
        for reject in rejects:
            _require_type(reject.key, str)
            _require_type(reject.reason, str)
        return rejects


def _storable(text: str) -> str:
    """Return a text, escaped if a database could not hold it: the reason of a source of one's own may be any."""
    return text if is_storable_text(text) else ascii(text)


def _storable_key(key: str) -> str:
    """Return a rejected key as it is stored; a longer one than the index of keys holds ends in a digest of it."""
    key = _storable(key)
    if len(key.encode()) <= MAX_KEY_BYTES:
        return key
    return f"{key[: MAX_KEY_BYTES // 8]}... {hashlib.sha256(key.encode()).hexdigest()}"


def _require_type(value: object, type: type) -> None:
    """Raise StoreCorrupt unless a value has the type that was written, which damage can change."""
    if not isinstance(value, type):
        raise StoreCorrupt(
            f"expected {type.__name__} in the records of jobs, got {value!r}: it was damaged after it was written; "
            "restore the store from a backup"
        )
