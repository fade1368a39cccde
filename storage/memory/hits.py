"""Join positions in the index to the catalog's rows, and check every row on the way out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from storage.catalog.catalog import Catalog
from storage.catalog.pages import BatchState, Reading
from storage.catalog.row import VECTOR_DTYPE, Row
from storage.errors import StoreCorrupt
from storage.memory.batch_hits import BatchHits, ItemTexts
from storage.memory.snapshot import Snapshot
from storage.nearest.answers import Answers, Positions

#: Rows looked up in one transaction: a query within a radius may have every item as a hit.
_LOOKUPS = 4096


class SnapshotOutdated(Exception):
    """An item was deleted or replaced after the snapshot was taken."""


class CheckedItems:
    """The items of a snapshot that were read for a search, each once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._texts = ItemTexts()
        self._indices = np.full(len(snapshot.ids), -1)

    def read(self, reading: Reading, positions: Positions) -> None:
        """Read the items at positions, (n,), unless they were.

        Raise SnapshotOutdated when an item was deleted in a later batch. Raise StoreCorrupt when a row is gone that no
        batch deleted, does not match its checksum, or has another vector than was compared.
        """
        new = np.unique(positions[self._indices[positions] < 0])
        ids, vectors = self._snapshot.ids[new].tolist(), self._snapshot.index.vectors()[new]
        self._indices[new] = np.arange(len(new)) + len(self._texts)
        self._texts.add(checked_rows(self._snapshot, reading, ids, vectors))

    def hits(self, answers: Answers) -> BatchHits:
        """Return the hits of answers whose items were read."""
        ids, indices = self._snapshot.ids[answers.positions], self._indices[answers.positions]
        return BatchHits(answers.offsets, ids, answers.distances, indices, self._texts)


def require_intact_rows(snapshot: Snapshot, state: BatchState) -> None:
    """Raise StoreCorrupt unless the live rows are those of the chain, intact, with the vectors of the snapshot.

    The snapshot must be of the state's batch. Every row is checked as a hit's row is.
    """
    vectors = snapshot.index.vectors()
    count = 0
    for rows in state.checked_rows():
        # Surplus rows are counted here and refused at the end.
        compared = vectors[count : count + len(rows)]
        _require_vectors(rows[: len(compared)], compared)
        count += len(rows)
    snapshot.batch.require_live(count)


def checked_rows(snapshot: Snapshot, reading: Reading, ids: Sequence[int], vectors: NDArray[np.float32]) -> list[Row]:
    """Return the rows with these ids, each checked, also against its vector of (n, dim); raise as `CheckedItems`.

    Those of many are read in several transactions: a deletion in between is noticed as one before.
    """
    rows: list[Row] = []
    for start in range(0, len(ids), _LOOKUPS):
        page = ids[start : start + _LOOKUPS]
        with reading() as catalog:
            found = catalog.items.by_id(page)
            if None in found:
                raise _missing(snapshot, catalog, page[found.index(None)])
        rows += [row.verified() for row in found if row is not None]
    if rows:
        _require_vectors(rows, vectors)
    return rows


def _missing(snapshot: Snapshot, catalog: Catalog, id: int) -> Exception:
    """Return the error for an item that has no live row."""
    # An item that is the query may be from an older snapshot.
    if catalog.history.last_batch() != snapshot.batch or not len(snapshot.positions([id])):
        return SnapshotOutdated()
    return StoreCorrupt(f"expected item {id} in the catalog, but it is gone: run `lookalike store verify`")


def _require_vectors(rows: Sequence[Row], vectors: NDArray[np.float32]) -> None:
    """Raise StoreCorrupt unless verified rows have the vectors that were compared, (n, dim)."""
    dim = vectors.shape[1]
    expected = vectors.astype(VECTOR_DTYPE, copy=False)
    # All at once for speed; one after the other only to name the row.
    if b"".join([row.vector_bytes(dim) for row in rows]) == expected.tobytes():
        return
    for row, vector in zip(rows, expected, strict=True):
        if row.vector != vector.tobytes():
            raise StoreCorrupt(
                f"expected the index to hold the vector of item {row.id}, but it holds another: "
                "run `lookalike store verify`"
            )
