"""The rows of jobs that filled the store, and of the inputs that could not be stored."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import TypeVar

import sqlalchemy as sa

from storage.catalog.dialect import bind_values, in_values, is_sqlite
from storage.catalog.schema import JOB_NUMBERS, JobChangesRow, JobRow, RejectRow
from storage.errors import StoreCorrupt
from storage.types.items import is_storable_text
from storage.types.jobs import Job, JobUpdate, Rejected
from storage.types.storable import MAX_KEY_BYTES, MAX_TEXT_BYTES, are_counts, is_stored_text

Record = TypeVar("Record", Job, Rejected)

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
        """Return every job, the newest last; raise StoreCorrupt if one is damaged."""
        return [self._checked(job, _is_possible(job), f"job {job.number}") for job in self._all()]

    def _all(self) -> list[Job]:
        if not self._table_exists(JobRow):
            return []
        changes: dict[int, Sequence[int]] = {}
        if self._table_exists(JobChangesRow):
            changes = {job: counts for job, *counts in self._connection.execute(_CHANGES_BY_JOB)}
        return [Job(*row, *changes.get(row.number, ())) for row in self._connection.execute(_JOB)]

    def rejects(self, job: int | None = None) -> list[Rejected]:
        """Return the inputs that could not be stored, of all jobs or one, in the order of their keys.

        Raise StoreCorrupt if one is damaged.
        """
        rejects = self._rejects() if job is None else self._rejects(RejectRow.job == job)
        return [self._checked(reject, _is_reject(reject), "a rejected input") for _, reject in rejects]

    def newest_with_rejects(self) -> int | None:
        """Return the number of the newest job that has rejected inputs, None if none has."""
        if not self._table_exists(JobRow):
            return None
        return self._connection.execute(sa.select(sa.func.max(RejectRow.job))).scalar_one()

    def _rejects(self, *clauses: sa.ColumnElement[bool]) -> list[tuple[int, Rejected]]:
        """Return the inputs that could not be stored, each with its job, in the order of their keys."""
        if not self._table_exists(JobRow):
            return []
        columns = sa.select(RejectRow.job, RejectRow.key, RejectRow.reason)
        rows = self._connection.execute(columns.where(*clauses).order_by(RejectRow.key))
        return [(job, Rejected(key, reason)) for job, key, reason in rows]

    def _checked(self, record: Record, is_possible: bool, name: str) -> Record:
        if not is_possible:
            raise StoreCorrupt(
                f"expected the record of {name} as it was written, but it was damaged since: run `lookalike store "
                "repair`, or restore the store from a backup"
            )
        return record

    def damaged(self) -> list[str]:
        """Return the names of the jobs whose records are damaged, and of the rejected inputs if one's is."""
        jobs = self._all()
        damaged = [f"job {job.number}" for job in jobs if not _is_possible(job)]
        numbers = {job.number for job in jobs}
        if not all(number in numbers and _is_reject(reject) for number, reject in self._rejects()):
            damaged.append("rejected inputs")
        return damaged

    def remove_damaged(self) -> None:
        """Remove the damaged records of jobs, with the inputs that these rejected, and of rejected inputs."""
        jobs = {job.number: JobUpdate(job) for job in self._all() if _is_possible(job)}
        rejects = [(job, reject) for job, reject in self._rejects() if job in jobs and _is_reject(reject)]
        for table in (RejectRow, JobChangesRow, JobRow):
            self._connection.execute(sa.delete(table))
        self.write(list(jobs.values()))
        self.write([JobUpdate(jobs[job].job, [reject]) for job, reject in rejects])


def _is_possible(job: Job) -> bool:
    """Return whether a job's record holds what was written, whose types damage can change."""
    counts = (job.total, job.added, job.replaced, job.unchanged, job.rejected, job.moved, job.relabelled, job.pruned)
    return are_counts(job.number, *counts) and is_stored_text(job.source)


def _is_reject(reject: Rejected) -> bool:
    return is_stored_text(reject.key) and is_stored_text(reject.reason)


def _storable(text: str) -> str:
    """Return a text, cut, and escaped if no database holds it: the reason of a source of one's own may be any."""
    return (text if is_storable_text(text) else ascii(text))[: MAX_TEXT_BYTES // 4]


def _storable_key(key: str) -> str:
    """Return a rejected key as it is stored; a longer one than the index of keys holds ends in a digest of it."""
    key = _storable(key)
    if len(key.encode()) <= MAX_KEY_BYTES:
        return key
    return f"{key[: MAX_KEY_BYTES // 8]}... {hashlib.sha256(key.encode()).hexdigest()}"
