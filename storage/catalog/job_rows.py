"""The ledger's rows: the jobs that filled the store, and the inputs that none of them could store."""

from dataclasses import asdict

import sqlalchemy as sa

from storage.catalog.dialect import asked, asked_for, is_sqlite
from storage.catalog.schema import JOB_NUMBERS, JobRow, RejectRow
from storage.errors import StoreCorrupt
from storage.types.jobs import Entry, Job, Rejected

_JOB = sa.select(
    JobRow.number,
    JobRow.source,
    JobRow.total,
    JobRow.added,
    JobRow.replaced,
    JobRow.unchanged,
    JobRow.rejected,
    JobRow.finished,
)


class LedgerRows:
    """The ledger as one transaction sees it; a store of format 1 has none, which is an empty one to a reader."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def _kept(self) -> bool:
        return sa.inspect(self._connection).has_table(JobRow.__tablename__)

    def next_job(self) -> int:
        """Return a number that no job has had."""
        newest = self._connection.execute(sa.select(sa.func.max(JobRow.number))).scalar_one() or 0
        if is_sqlite(self._connection):
            return newest + 1
        # Those that came with a copy of another store count too.
        while (number := int(self._connection.execute(JOB_NUMBERS.next_value()).scalar_one())) <= newest:
            pass
        return number

    def write(self, entry: Entry) -> None:
        """Write how far a job has come, its new rejects, and forget those of keys that were stored since."""
        values = asdict(entry.job)
        known = self._connection.execute(sa.update(JobRow).where(JobRow.number == entry.job.number).values(values))
        if not known.rowcount:
            self._connection.execute(sa.insert(JobRow).values(values))
        gone = [*entry.settled, *(reject.key for reject in entry.rejects)]
        if gone:
            self._connection.execute(sa.delete(RejectRow).where(asked_for(RejectRow.key)), asked(gone))
        if entry.rejects:
            rows = [{"key": one.key, "job": entry.job.number, "reason": one.reason} for one in entry.rejects]
            self._connection.execute(sa.insert(RejectRow), rows)

    def jobs(self) -> list[Job]:
        """Return every job that changed something, the newest last."""
        if not self._kept():
            return []
        jobs = [Job(*row) for row in self._connection.execute(_JOB.order_by(JobRow.number))]
        for job in jobs:
            _require(job.source, str)
            for count in (job.total, job.added, job.replaced, job.unchanged, job.rejected):
                _require(count, int)
        return jobs

    def rejects(self, job: int | None = None) -> list[Rejected]:
        """Return the inputs that could not be stored, of all jobs or one, in the order of their keys."""
        if not self._kept():
            return []
        chosen = sa.select(RejectRow.key, RejectRow.reason).order_by(RejectRow.key)
        if job is not None:
            chosen = chosen.where(RejectRow.job == job)
        rejects = [Rejected(*row) for row in self._connection.execute(chosen)]
        for reject in rejects:
            _require(reject.key, str)
            _require(reject.reason, str)
        return rejects


def _require(value: object, kind: type) -> None:
    """Raise StoreCorrupt unless a value has the type that it was written with, which damage can change."""
    if not isinstance(value, kind):
        raise StoreCorrupt(
            f"expected {kind.__name__} in the ledger of jobs, got {value!r}: it was damaged after it was written; "
            "restore the store from a backup"
        )
