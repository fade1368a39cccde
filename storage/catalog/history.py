"""What was acknowledged, batch by batch, and the index files that were made of it."""

import sqlalchemy as sa

from storage.catalog.rows import Batch, Generation
from storage.catalog.schema import BatchRow, GenerationRow
from storage.errors import StoreCorrupt

_BATCH = sa.select(BatchRow.number, BatchRow.live, BatchRow.next_id, BatchRow.chain)
_GENERATION = sa.select(
    GenerationRow.number,
    GenerationRow.batch,
    GenerationRow.chain,
    GenerationRow.items,
    GenerationRow.size,
    GenerationRow.sha256,
)

#: More than any number of items or bytes.
_MOST = 2**62


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
        """Return the newest batch; raise StoreCorrupt when there is none, not even batch 0, or it is damaged."""
        return self._checked(_BATCH.order_by(BatchRow.number.desc()).limit(1), "batch 0")

    def batch(self, number: int) -> Batch:
        """Return one batch; raise StoreCorrupt when it is not there or damaged."""
        return self._checked(_BATCH.where(BatchRow.number == number), f"batch {number}")

    def _checked(self, chosen: sa.Select[int, int, int, bytes], expected: str) -> Batch:
        row = self._connection.execute(chosen).first()
        if row is None:
            raise StoreCorrupt(
                f"expected the record of {expected} in the catalog, got none: restore the store from a backup"
            )
        number, live, next_id, chain = row
        batch = Batch(number, live, next_id, chain)
        if not _are_counts(batch.live, batch.next_id) or not isinstance(batch.chain, bytes):
            raise StoreCorrupt(
                f"expected the record of batch {batch.number} to hold numbers and a hash, but it was damaged after it "
                "was written: restore the store from a backup"
            )
        return batch

    def batches(self, after: int = -1) -> list[Batch]:
        """Return the batches after a given one in order, from batch 0; damage can have changed their values' types."""
        later = _BATCH.where(BatchRow.number > after).order_by(BatchRow.number)
        return [Batch(*row) for row in self._connection.execute(later)]

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
        """Return the recorded generations that belong to this history, newest first; those that cannot be are not."""
        same_history = _GENERATION.join(
            BatchRow, sa.and_(BatchRow.number == GenerationRow.batch, BatchRow.chain == GenerationRow.chain)
        )
        newest_first = same_history.order_by(GenerationRow.number.desc())
        recorded = [Generation(*row) for row in self._connection.execute(newest_first)]
        return [one for one in recorded if _are_counts(one.items, one.size) and isinstance(one.sha256, bytes)]

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


def _are_counts(*values: object) -> bool:
    """Tell whether these are whole numbers of things; damage can change a value's type too."""
    return all(isinstance(value, int) and 0 <= value < _MOST for value in values)
