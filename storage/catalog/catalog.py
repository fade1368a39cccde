"""The catalog within one transaction.

A `Catalog` lives as long as its transaction, so all its results are of the same moment. Integers in queries must be
Python's own: SQLite silently matches nothing for a numpy integer.
"""

from collections.abc import Iterable

import sqlalchemy as sa

from storage.catalog.batch import BATCH_ZERO
from storage.catalog.chain import rows_changed
from storage.catalog.embedding_rows import (
    read_embedding,
    read_fingerprint,
    read_first_batch,
    replace_embedding,
    write_embedding,
)
from storage.catalog.history import History
from storage.catalog.item_rows import ItemRows
from storage.catalog.job_rows import JobRows
from storage.catalog.source_rows import SourceRows
from storage.catalog.thumbnail_rows import ThumbnailRows
from storage.errors import StoreRenewed
from storage.types.embedding import Embedding


class Catalog:
    """The tables by topic: batches and index files, items, thumbnails, sources, jobs; and the checks across them.

    `connection` is for statements about the database itself, such as PRAGMA.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.history = History(connection)
        self.items = ItemRows(connection)
        self.thumbnails = ThumbnailRows(connection)
        self.sources = SourceRows(connection)
        self.jobs = JobRows(connection)

    def initialize(self, embedding: Embedding) -> None:
        """Write the embedding and batch 0 into new tables."""
        write_embedding(self.connection, embedding)
        self.history.write_batch(BATCH_ZERO)

    def embedding(self) -> Embedding:
        """Return the store's embedding; raise StoreCorrupt when it is damaged."""
        return read_embedding(self.connection)

    def begin_embedding(self, embedding: Embedding) -> None:
        """Replace the embedding, whose vectors must all be replaced in the same transaction already.

        An empty batch, which nothing else writes, records in the history that it begins: so neither an older embedding
        can be taken for that of the rows, nor older rows for its own.
        """
        marker = self.history.last_batch().next([], [])
        self.history.write_batch(marker)
        replace_embedding(self.connection, embedding, marker.number)

    def require_embedding_of_rows(self) -> None:
        """Raise StoreCorrupt unless the embedding begins with the batch that the history says."""
        begins, expected = read_first_batch(self.connection), self.history.newest_empty_batch()
        if begins != expected:
            raise rows_changed(f"the embedding that begins with batch {expected}, got that of batch {begins}")

    def require_embedding(self, fingerprint: str) -> None:
        """Raise StoreRenewed when the store's vectors are no longer those of the embedding of this fingerprint."""
        if read_fingerprint(self.connection) != fingerprint:
            raise StoreRenewed(
                f"expected the store's vectors to be those of the embedding {fingerprint[:12]}, but they were made "
                "anew by another since: run the same command again, or from code make query vectors anew and call "
                "`refresh`"
            )

    def empty_tombstones(self) -> None:
        """Remove what deleted items take space with: vectors, thumbnails and sources."""
        self.items.empty_tombstones()
        self.thumbnails.remove_deleted()
        self.sources.remove_deleted()

    def require_tombstones(self, ids: Iterable[int]) -> None:
        """Raise StoreCorrupt when one of these ids, none of which is live, was assigned but has no tombstone."""
        for id in ids:
            if 0 <= id < self.history.last_batch().next_id and not self.items.is_tombstone(id):
                raise rows_changed(f"item {id}, which was stored, to be there or to be deleted")
