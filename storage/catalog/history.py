"""The rows of batches and of index files (generations)."""

from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa
import sqlalchemy.orm

from storage.catalog.batch import Batch, FileRecord, Generation
from storage.catalog.schema import BatchRow, GenerationColumnsRow, GenerationRow
from storage.errors import StoreCorrupt
from storage.types.storable import are_counts

#: Their columns are the fields of `Batch` and `Generation`, in order.
_BATCH = sa.select(BatchRow.__table__)
_GENERATION = sa.select(GenerationRow.__table__)
_INSERT_BATCH = sa.insert(BatchRow)
_COLUMNS = sa.select(GenerationColumnsRow.__table__)

#: The most generations that are looked at: a crash or a failed removal leaves one or two more than are retained.
MOST_GENERATIONS = 8


class History:
    """Reads and writes the records of batches and generations in one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def write_batch(self, batch: Batch) -> None:
        """Record a batch."""
        self._connection.execute(_INSERT_BATCH, asdict(batch))

    def rewrite_batch(self, batch: Batch) -> None:
        """Replace the record of a batch."""
        self._connection.execute(sa.update(BatchRow).where(BatchRow.number == batch.number).values(asdict(batch)))

    def last_batch(self) -> Batch:
        """Return the newest batch; raise StoreCorrupt when there is none, not even batch 0, or it is damaged."""
        return self._checked_batch(_BATCH.order_by(BatchRow.number.desc()).limit(1), "batch 0")

    def batch(self, number: int) -> Batch:
        """Return one batch; raise StoreCorrupt when its record is missing or damaged."""
        return self._checked_batch(_BATCH.where(BatchRow.number == number), f"batch {number}")

    def newest_empty_batch(self) -> int:
        """Return the number of the newest batch that neither added nor deleted a row; 0 if there is none."""
        before = sa.orm.aliased(BatchRow)
        same = sa.and_(
            before.number == BatchRow.number - 1, before.live == BatchRow.live, before.next_id == BatchRow.next_id
        )
        newest = self._connection.execute(sa.select(sa.func.max(BatchRow.number)).join(before, same)).scalar_one()
        return newest or 0

    def _checked_batch(self, select: sa.Select[Any], expected: str) -> Batch:
        row = self._connection.execute(select).first()
        if row is None:
            raise StoreCorrupt(
                f"expected the record of {expected} in the catalog, got none: restore the store from a backup"
            )
        return _checked(Batch(*row))

    def batches(self, after: int, last: int) -> list[Batch]:
        """Return the batches after a given one in order, up to number `last`.

        They are unchecked: damage can have changed the types of values.
        """
        later = _BATCH.where(BatchRow.number > after, BatchRow.number <= last).order_by(BatchRow.number)
        return [Batch(*row) for row in self._connection.execute(later)]

    def checked_batches(self, after: int, last: int) -> list[Batch]:
        """Return the batches after a given one in order, up to number `last`; raise StoreCorrupt for a damaged one."""
        return [_checked(batch) for batch in self.batches(after, last)]

    def write_generation(self, generation: Generation) -> None:
        """Record an index file and its columns, which must be complete and durable already."""
        values = asdict(generation)
        columns = values.pop("columns")
        self._connection.execute(sa.insert(GenerationRow).values(values))
        # A damaged record may have left its columns' behind.
        self._connection.execute(
            sa.delete(GenerationColumnsRow).where(GenerationColumnsRow.generation == generation.number)
        )
        if columns is not None:
            self._connection.execute(sa.insert(GenerationColumnsRow).values(generation=generation.number, **columns))

    def generations(self) -> list[Generation]:
        """Return the recorded generations of this history, newest first.

        Damaged records are skipped, and those after the newest MOST_GENERATIONS: Lookalike never leaves so many.
        """
        same_history = _GENERATION.join(
            BatchRow, sa.and_(BatchRow.number == GenerationRow.batch, BatchRow.chain == GenerationRow.chain)
        )
        newest_first = same_history.order_by(GenerationRow.number.desc()).limit(MOST_GENERATIONS)
        columns = self._columns()
        rows = self._connection.execute(newest_first)
        records = (replace(Generation(*row), columns=columns.get(row[0])) for row in rows)
        return [
            record
            for record in records
            if are_counts(record.number, record.items, record.size) and isinstance(record.sha256, bytes)
        ]

    def unusable_generations(self) -> int:
        """Count the records of generations that `generations` skips."""
        count = self._connection.execute(sa.select(sa.func.count()).select_from(GenerationRow)).scalar_one()
        return count - len(self.generations())

    def remove_unusable_generations(self) -> None:
        """Remove the records of generations that `generations` skips."""
        usable = [generation.number for generation in self.generations()]
        self._remove_generations(GenerationRow.number.not_in(usable))

    def _columns(self) -> dict[int, FileRecord]:
        """Return the records of files of columns by generation, empty where damaged; older formats have none."""
        if not sa.inspect(self._connection).has_table(GenerationColumnsRow.__tablename__):
            return {}
        rows = self._connection.execute(_COLUMNS)
        return {
            number: FileRecord(size, sha256) if are_counts(size) and isinstance(sha256, bytes) else FileRecord(0, b"")
            for number, size, sha256 in rows
        }

    def next_generation(self) -> int:
        """Return the number after that of every recorded generation."""
        newest = self._connection.execute(sa.select(sa.func.max(GenerationRow.number))).scalar_one()
        return 1 if newest is None else newest + 1

    def remove_generations(self, before: int) -> None:
        """Remove the records of generations older than number `before`."""
        self._remove_generations(GenerationRow.number < before)

    def remove_generations_of(self, batch: Batch) -> None:
        """Remove the records of generations that cover a batch as its record has it."""
        same = sa.and_(GenerationRow.batch == batch.number, GenerationRow.chain == batch.chain)
        self._remove_generations(same)

    def remove_generation(self, number: int) -> None:
        """Remove the record of one generation."""
        self._remove_generations(GenerationRow.number == number)

    def _remove_generations(self, clause: sa.ColumnElement[bool]) -> None:
        numbers = sa.select(GenerationRow.number).where(clause)
        self._connection.execute(sa.delete(GenerationColumnsRow).where(GenerationColumnsRow.generation.in_(numbers)))
        self._connection.execute(sa.delete(GenerationRow).where(clause))


def _checked(batch: Batch) -> Batch:
    """Return the batch; raise StoreCorrupt when its values do not have the types that were written."""
    if not are_counts(batch.live, batch.next_id) or not isinstance(batch.chain, bytes):
        raise StoreCorrupt(
            f"expected the record of batch {batch.number} to hold numbers and a hash, but it was damaged after it "
            "was written: restore the store from a backup"
        )
    return batch
