"""Commit batches in a thread of their own, each with the job's counts after it, while the next ones are computed."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager

from ingest.pipeline.batch import Batch
from ingest.pipeline.compare import Change
from ingest.pipeline.progress import Progress
from ingest.sources.job_source import JobSource
from storage import Job, JobUpdate, Store


class BatchWriter(AbstractContextManager["BatchWriter"]):
    """Commits one batch at a time, in order, holding `lock` meanwhile; use it in a `with` statement.

    The next call adds a durable batch to the progress and reports it, or raises the batch's error. The first batch
    removes the source's missing keys from the rejected inputs.
    """

    def __init__(self, store: Store, source: JobSource, lock: threading.Lock, progress: Progress) -> None:
        self._store = store
        self._source = source
        self._lock = lock
        self._progress = progress
        self._job_number = store.next_job()
        self._resumes = any(not job.finished for job in store.jobs()[-1:])
        self._rejected = {reject.key for reject in store.rejects()}
        self._resolved = self._rejected.intersection(source.missing_keys)
        self._thread = ThreadPoolExecutor(1, "committing")
        self._pending: tuple[Batch, Future[float]] | None = None

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def commit(self, batch: Batch, *, finish: bool = False, stopped: bool = False) -> None:
        """Wait for the batch before, then commit this one in the background once its vectors are computed.

        All of its inputs must be submitted. With `finish` it ends the job, and is waited for. A job that was `stopped`
        is recorded though it changed nothing yet, so that it can be resumed.
        """
        self.wait()
        job = self._job_after(batch, finished=finish)
        stored = {*(item.key for item in batch.items), *batch.unchanged}
        self._resolved |= stored & self._rejected
        changes = (job.added, job.replaced, job.moved, job.relabelled, job.pruned, job.rejected)
        changed = any((*changes, self._resolved, self._resumes))
        if batch.rows or stopped or (finish and changed):
            update = JobUpdate(job, batch.rejects, sorted(self._resolved))
            self._rejected.difference_update(self._resolved)
            self._rejected.update(reject.key for reject in batch.rejects)
            self._resolved = set()
            self._pending = batch, self._thread.submit(self._write, batch, update)
        else:
            self._report(batch)
        if finish:
            self.wait()

    def wait(self) -> None:
        """Wait until the batch in the background is durable, and report it; raise its error."""
        if self._pending is not None:
            (batch, seconds), self._pending = self._pending, None
            self._progress.stage_seconds["write"] += seconds.result()
            self._report(batch)

    def _write(self, batch: Batch, update: JobUpdate) -> float:
        """Write a batch, and return the seconds it took without waiting for its vectors."""
        vectors = batch.vectors.result()
        started = time.perf_counter()
        with self._lock:
            self._store.append(
                batch.items,
                vectors,
                update,
                delete=[*batch.moved_from, *batch.gone],
                sources=dict.fromkeys(batch.adopted, self._source.name) if self._source.name else {},
            )
        return time.perf_counter() - started

    def _job_after(self, batch: Batch, *, finished: bool) -> Job:
        """Return the job's record, with the counts of all batches up to this one."""
        progress = self._progress
        return Job(
            self._job_number,
            self._source.text,
            progress.total,
            added=progress.added + batch.changes[Change.ADDED],
            replaced=progress.replaced + batch.changes[Change.REPLACED],
            unchanged=progress.unchanged + len(batch.unchanged),
            rejected=len(progress.rejects) + len(batch.rejects),
            finished=finished,
            moved=progress.moved + batch.changes[Change.MOVED],
            relabelled=progress.relabelled + batch.changes[Change.RELABELLED],
            pruned=progress.pruned + len(batch.gone),
        )

    def _report(self, batch: Batch) -> None:
        progress = self._progress
        progress.added += batch.changes[Change.ADDED]
        progress.replaced += batch.changes[Change.REPLACED]
        progress.moved += batch.changes[Change.MOVED]
        progress.relabelled += batch.changes[Change.RELABELLED]
        progress.pruned += len(batch.gone)
        progress.embedded += batch.embedded
        progress.other_sources.update(batch.other_sources)
        progress.unchanged += len(batch.unchanged)
        progress.rejects += batch.rejects
        progress.report()
