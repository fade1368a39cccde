"""What a writer appends in many batches, kept until it is published, which reads every row again otherwise."""

import numpy as np
from numpy.typing import NDArray

from storage.catalog.batch import Batch
from storage.catalog.commit import Appended
from storage.columns.columns import Columns
from storage.columns.columns_builder import ColumnsBuilder
from storage.nearest.faiss_flat import FaissFlat

#: Bytes of vectors up to which they are kept.
_MOST_BYTES = 2**29


class UnpublishedRows:
    """The rows of the batches after `start`, which only add rows, up to `end`.

    Whether their transactions were committed is of no account: the chain hash of `end` tells whose rows these are.
    """

    def __init__(self, start: Batch) -> None:
        self.start = self.end = start
        self._vectors: list[NDArray[np.float32]] = []
        self._builder = ColumnsBuilder()
        self._bytes = 0

    def add(self, appended: Appended) -> bool:
        """Add the rows of the next batch; return False when they cannot be kept."""
        self._bytes += appended.vectors.nbytes
        result = appended.result
        if appended.before != self.end or result.replaced or result.deleted or self._bytes > _MOST_BYTES:
            return False
        if appended.batch != self.end:
            self._builder.add(appended.rows, appended.fields)
            # Whoever appended them may change theirs.
            self._vectors.append(appended.vectors.copy())
            self.end = appended.batch
        return True

    def add_to(self, index: FaissFlat, columns: Columns) -> Columns:
        """Add the vectors to an index of the rows up to `start`, and return their columns with the new rows' after."""
        index.reserve(len(index) + sum(map(len, self._vectors)))
        while self._vectors:
            index.add(self._vectors.pop(0))
        return self._builder.finish(columns)
