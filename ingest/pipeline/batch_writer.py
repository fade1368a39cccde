"""Commit batches in a thread of their own while the next is computed, each with its entry in the ledger."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType

from ingest.pipeline.batch import Batch
from ingest.pipeline.progress import Progress
from storage import Entry, Job, Store


class BatchWriter:
    """Writes one batch at a time, in order, while it holds `turn`; use it in a `with` statement.

    What became of a batch is told once it is acknowledged, in the thread that commits: an error of the one before is
    raised then too.
    """

    def __init__(
        self,
        store: Store,
        source: str,
        turn: threading.Lock,
        progress: Progress,
        on_progress: Callable[[Progress], None],
        gone: Sequence[str],
    ) -> None:
        self._store = store
        self._turn = turn
        self._progress = progress
        self._on_progress = on_progress
        self._job = Job(store.next_job(), source, progress.total)
        self._unfinished = any(not job.finished for job in store.jobs()[-1:])
        self._rejected = {reject.key for reject in store.rejects()}
        self._settled = self._rejected.intersection(gone)
        self._writer = ThreadPoolExecutor(1, "committing")
        self._written: tuple[Batch, Future[float]] | None = None

    def __enter__(self) -> "BatchWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.shutdown()

    def commit(self, batch: Batch, *, last: bool = False) -> None:
        """Have a batch written once its images, all of which are begun, are embedded; the `last` is waited for."""
        self.wait()
        self._count(batch)
        changed = any((self._job.added, self._job.replaced, self._job.rejected, self._settled, self._unfinished))
        if last:
            self._job = replace(self._job, finished=True)
        if batch.size or (last and changed):
            entry = Entry(self._job, batch.rejects, sorted(self._settled))
            self._rejected.difference_update(self._settled)
            self._rejected.update(reject.key for reject in batch.rejects)
            self._settled = set()
            self._written = batch, self._writer.submit(self._write, batch, entry)
        else:
            self._tell(batch)
        if last:
            self.wait()

    def wait(self) -> None:
        """Wait until the batch before is acknowledged, and tell what became of it."""
        if self._written is not None:
            (batch, written), self._written = self._written, None
            self._progress.stage_seconds["write"] += written.result()
            self._tell(batch)

    def _write(self, batch: Batch, entry: Entry) -> float:
        vectors = batch.vectors.result()
        started = time.perf_counter()
        with self._turn:
            self._store.append(batch.items, vectors, entry)
        return time.perf_counter() - started

    def _count(self, batch: Batch) -> None:
        """Add what becomes of a batch to the job, and the keys that the ledger shall name no more."""
        job = self._job
        self._job = replace(
            job,
            added=job.added + len(batch.items) - batch.replaced,
            replaced=job.replaced + batch.replaced,
            unchanged=job.unchanged + len(batch.unchanged),
            rejected=job.rejected + len(batch.rejects),
        )
        stored = {*(item.key for item in batch.items), *batch.unchanged}
        self._settled |= stored & self._rejected

    def _tell(self, batch: Batch) -> None:
        progress = self._progress
        progress.added += len(batch.items) - batch.replaced
        progress.replaced += batch.replaced
        progress.unchanged += len(batch.unchanged)
        progress.rejects += batch.rejects
        self._on_progress(progress)
