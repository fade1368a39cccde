"""What the catalog is asked and told, within one transaction.

A `Catalog` lives as long as its transaction, so all that it answers comes from the same moment. Values are Python's
own: SQLite silently matches nothing when it is handed a numpy integer.
"""

import sqlalchemy as sa

from storage.catalog.checksum import CHAIN_START
from storage.catalog.embedding_rows import read_embedding, write_embedding
from storage.catalog.history import History
from storage.catalog.item_rows import ItemRows
from storage.catalog.job_rows import LedgerRows
from storage.catalog.rows import Batch
from storage.catalog.thumbnail_rows import ThumbnailRows
from storage.types.embedding import Embedding


class Catalog:
    """The catalog as one transaction sees it: its history, its items, their thumbnails, and the ledger."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self.history = History(connection)
        self.items = ItemRows(connection)
        self.thumbnails = ThumbnailRows(connection)
        self.ledger = LedgerRows(connection)

    def begin(self, embedding: Embedding) -> None:
        """Write how the store's vectors are made, and batch 0, the empty store."""
        write_embedding(self._connection, embedding)
        self.history.write_batch(Batch(0, live=0, next_id=0, chain=CHAIN_START))

    def embedding(self) -> Embedding:
        """Return how the store's vectors are made; raise StoreCorrupt when it is damaged."""
        return read_embedding(self._connection)
