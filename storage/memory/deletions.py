"""Tell whether an answer from a snapshot still holds: whether one of its items was deleted since.

Most often nothing was written, and the database need only say so.
"""

import numpy as np
from numpy.typing import NDArray

from storage.catalog.batch import Batch
from storage.catalog.database import Database

#: Rows looked up in one transaction: a query within a radius may have every item as a hit.
_LOOKUPS = 4096


class SnapshotOutdated(Exception):
    """An item was deleted or replaced after the snapshot was taken, or the history is another one."""


class DeletionCheck:
    """Checks answers from a snapshot of a batch; `version` is the database's from before the snapshot was read.

    Without a version the first answer is looked up. Thread-safe.
    """

    def __init__(self, database: Database, batch: Batch, version: object = None) -> None:
        self._database = database
        self._batch = batch
        self._version = version

    def require_live(self, ids: NDArray[np.int64]) -> None:
        """Raise SnapshotOutdated when an item of these ids, (n,), all live after the batch, is not any more."""
        version = self._database.version()
        if version == self._version:
            return
        with self._database.reading() as catalog:
            last = catalog.history.last_batch()
            if last == self._batch:
                # Something else was written, such as a job's progress.
                self._version = version
            elif last.number <= self._batch.number or catalog.history.batch(self._batch.number) != self._batch:
                raise SnapshotOutdated
        if last != self._batch:
            self._require_rows(np.unique(ids).tolist())

    def require_unchanged_at_once(self) -> None:
        """Raise SnapshotOutdated unless nothing was committed since, as the database says without waiting."""
        version = self._database.version_at_once()
        if version is None or version != self._version:
            raise SnapshotOutdated

    def _require_rows(self, ids: list[int]) -> None:
        for start in range(0, len(ids), _LOOKUPS):
            with self._database.reading() as catalog:
                if not catalog.items.all_live(ids[start : start + _LOOKUPS]):
                    raise SnapshotOutdated
