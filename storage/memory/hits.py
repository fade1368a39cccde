"""Join positions in the index to the rows at the same positions of the columns, and check every row on the way out."""

import numpy as np

from storage.memory.batch_hits import BatchHits, ItemTexts
from storage.memory.gc_pause import gc_paused
from storage.memory.snapshot import Snapshot
from storage.nearest.answers import Answers, Positions


class CheckedItems:
    """The items of a snapshot that were read for a search, each once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._texts = ItemTexts()
        self._indices = np.full(len(snapshot.ids), -1)

    def read(self, positions: Positions) -> None:
        """Read the items at positions, (n,), unless they were.

        Raise StoreCorrupt when a row does not match its checksum, which covers the vector that was compared.
        """
        new = np.unique(positions[self._indices[positions] < 0])
        self._indices[new] = np.arange(len(new)) + len(self._texts)
        with gc_paused():
            self._texts.add(self._snapshot.checked_rows(new))

    def hits(self, answers: Answers) -> BatchHits:
        """Return the hits of answers whose items were read."""
        ids, indices = self._snapshot.ids[answers.positions], self._indices[answers.positions]
        return BatchHits(answers.offsets, ids, answers.distances, indices, self._texts)
