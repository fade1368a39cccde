"""The rows of jobs that filled the store, and of the inputs that could not be stored."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from storage.catalog.dialect import bind_values, in_values, is_sqlite
from storage.catalog.schema import JOB_NUMBERS, JobRow, RejectRow
from storage.errors import StoreCorrupt
from storage.types.items import is_storable_text
from storage.types.jobs import Job, JobUpdate, Rejected
from storage.types.storable import MAX_KEY_BYTES

#: Its columns are the fields of `Job`, in order.
_JOB = sa.select(JobRow.__table__)


class JobRows:
    """Reads and writes jobs in one transaction; a store of format 1 has no tables for them, and reads as empty."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def _tables_exist(self) -> bool:
        return sa.inspect(self._connection).has_table(JobRow.__tablename__)

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
        updated = self._connection.execute(sa.update(JobRow).where(JobRow.number == update.job.number).values(values))
        if not updated.rowcount:
            self._connection.execute(sa.insert(JobRow).values(values))
        rejects = {_storable_key(reject.key): _storable(reject.reason) for reject in update.rejects}
        outdated = [*map(_storable_key, update.resolved), *rejects]
        if outdated:
            self._connection.execute(sa.delete(RejectRow).where(in_values(RejectRow.key)), bind_values(outdated))
        if rejects:
            rows = [{"key": key, "job": update.job.number, "reason": reason} for key, reason in rejects.items()]
            self._connection.execute(sa.insert(RejectRow), rows)

    def all(self) -> list[Job]:
        """Return every job, the newest last."""
        if not self._tables_exist():
            return []
        jobs = [Job(*row) for row in self._connection.execute(_JOB.order_by(JobRow.number))]
        for job in jobs:
            _require_type(job.source, str)
            for count in (job.total, job.added, job.replaced, job.unchanged, job.rejected):
                _require_type(count, int)
        return jobs

    def rejects(self, job: int | None = None) -> list[Rejected]:
        """Return the inputs that could not be stored, of all jobs or one, in the order of their keys."""
        if not self._tables_exist():
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
