"""What was acknowledged, batch by batch, and the index files that were made of it."""

import sqlalchemy as sa

from storage.errors import StoreCorrupt
from storage.rows import Batch, Generation
from storage.schema import BatchRow, GenerationRow

_BATCH = sa.select(BatchRow.number, BatchRow.live, BatchRow.next_id, BatchRow.chain)
_GENERATION = sa.select(
    GenerationRow.number,
    GenerationRow.batch,
    GenerationRow.chain,
    GenerationRow.items,
    GenerationRow.size,
    GenerationRow.sha256,
)


class History:
    """The batches and generations as one transaction sees them."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def write_batch(self, batch: Batch) -> None:
        """Record a batch."""
        self._connection.execute(
            sa.insert(BatchRow).values(number=batch.number, live=batch.live, next_id=batch.next_id, chain=batch.chain)
        )

    def rewrite_batch(self, batch: Batch) -> None:
        """Make a batch's record say what its rows do."""
        values = {"live": batch.live, "next_id": batch.next_id, "chain": batch.chain}
        self._connection.execute(sa.update(BatchRow).where(BatchRow.number == batch.number).values(values))

    def last_batch(self) -> Batch:
        """Return the newest batch; raise StoreCorrupt when there is none, not even batch 0."""
        row = self._connection.execute(_BATCH.order_by(BatchRow.number.desc()).limit(1)).first()
        if row is None:
            raise StoreCorrupt(
                "expected the record of batch 0 in the catalog, got none: restore the store from a backup"
            )
        return Batch(*row)

    def batches(self) -> list[Batch]:
        """Return every batch in order, from batch 0."""
        return [Batch(*row) for row in self._connection.execute(_BATCH.order_by(BatchRow.number))]

    def write_generation(self, generation: Generation) -> None:
        """Record an index file that is complete and durable already."""
        self._connection.execute(
            sa.insert(GenerationRow).values(
                number=generation.number,
                batch=generation.batch,
                chain=generation.chain,
                items=generation.items,
                size=generation.size,
                sha256=generation.sha256,
            )
        )

    def generations(self) -> list[Generation]:
        """Return the recorded generations that belong to this history, newest first."""
        same_history = _GENERATION.join(
            BatchRow, sa.and_(BatchRow.number == GenerationRow.batch, BatchRow.chain == GenerationRow.chain)
        )
        newest_first = same_history.order_by(GenerationRow.number.desc())
        return [Generation(*row) for row in self._connection.execute(newest_first)]

    def next_generation(self) -> int:
        """Return a number that no generation has had."""
        newest = self._connection.execute(sa.select(sa.func.max(GenerationRow.number))).scalar_one()
        return 1 if newest is None else newest + 1

    def forget_generations(self, before: int) -> None:
        """Remove the records of generations older than number `before`."""
        self._connection.execute(sa.delete(GenerationRow).where(GenerationRow.number < before))

    def forget_generation(self, number: int) -> None:
        """Remove the record of one generation."""
        self._connection.execute(sa.delete(GenerationRow).where(GenerationRow.number == number))
