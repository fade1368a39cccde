"""A page of rows, and which of them were live after the batch that a long read has fixed."""

from dataclasses import dataclass

import sqlalchemy as sa

from storage.catalog.json_sql import Clause
from storage.catalog.schema import ItemRow


@dataclass(frozen=True, slots=True)
class Page:
    """The rows with ids from `first_id` to `last_id`, `size` at most, of which those are read that a batch left live.

    `batch` is that batch's number, and `newest` the number of the newest one when the page is read.
    """

    first_id: int
    last_id: int
    size: int
    batch: int
    newest: int

    def rows(self) -> Clause:
        """Return the SQL condition of a row that it is of this page, live or deleted."""
        return ItemRow.id.between(self.first_id, self.last_id)

    def live_rows(self) -> Clause:
        """Return the SQL condition of a row that it is of this page, and was live after the batch."""
        later = ItemRow.deleted_in.between(self.batch + 1, self.newest)
        return sa.and_(self.rows(), sa.or_(ItemRow.deleted_in.is_(None), later))

    def deleted_later(self, deleted_in: object) -> bool:
        """Return whether a later batch than the fixed one deleted a row; damage can change the value's type."""
        return isinstance(deleted_in, int) and self.batch < deleted_in <= self.newest
