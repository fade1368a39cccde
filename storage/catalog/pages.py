"""Read all rows of a catalog as they were after one batch, a page a transaction, while writers commit in between.

In SQLite a COMMIT waits for every reader, and new readers wait for that COMMIT: one transaction over all rows would
hold everyone up. So a long read fixes the newest batch when it begins, and reads the rows up to it in short
transactions. What is committed meanwhile does not change what it reads: a row never changes, ids are never assigned
again, and a deleted row says which batch deleted it. Only when another process compacts, repairs or renews the store
can the fixed state be lost: then it is read again from the beginning.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TypeVar

from storage.catalog.batch import BATCH_ZERO, Batch
from storage.catalog.catalog import Catalog
from storage.catalog.chain import ChainCheck, rows_changed
from storage.catalog.embedding_rows import read_dim
from storage.catalog.page import Page
from storage.catalog.row import VECTOR_DTYPE, Row
from storage.errors import StoreChanged

Result = TypeVar("Result")

#: Begins a read transaction, and returns the catalog inside it.
Reading = Callable[[], AbstractContextManager[Catalog]]

#: The most rows of a page, and the most bytes of their vectors: a few hundredths of a second.
_ROWS = 4096
_BYTES = 2**25

#: The most rows of a page whose vectors are not read. Each page may wait for a COMMIT, so that fewer are faster.
_SCANNED_ROWS = 2**15


@dataclass(frozen=True, slots=True)
class RowPage:
    """The rows of a page in id order, live or deleted, each with the batch that has deleted it by now, or None."""

    page: Page
    rows: Sequence[tuple[Row, object]]

    def history(self) -> Iterator[tuple[Row, object]]:
        """Yield the rows with the batch that deleted each, None for those that were live after the fixed batch."""
        for row, deleted_in in self.rows:
            yield row, None if self.page.deleted_later(deleted_in) else deleted_in

    def require_kept(self) -> None:
        """Raise StoreChanged if a row that was live after the fixed batch has lost its vector since."""
        if any(not row.vector and self.page.deleted_later(deleted_in) for row, deleted_in in self.rows):
            raise _changed("compacted")

    def live(self) -> list[Row]:
        """Return the rows that were live after the fixed batch, each checked; raise StoreCorrupt or StoreChanged."""
        self.require_kept()
        return [row.verified() for row, deleted_in in self.history() if deleted_in is None]


@dataclass(frozen=True)
class BatchState:
    """The rows as they were after a batch; `newest_id` is that of the newest row then.

    Every method that reads raises StoreChanged when the state is lost, and what `reading` raises.
    """

    begin: Reading
    batch: Batch
    newest_id: int
    page_rows: int

    @contextmanager
    def reading(self) -> Iterator[Catalog]:
        """Return the catalog inside a short read transaction in which the fixed batch is still part of the history."""
        with self.begin() as catalog:
            if catalog.history.batch(self.batch.number) != self.batch:
                if catalog.history.last_batch() == self.batch:
                    # Nothing changed: whoever reads it again would do so for ever.
                    raise rows_changed(f"one record of batch {self.batch.number}, got two")
                raise _changed("repaired")
            yield catalog

    def pages(
        self,
        read: Callable[[Catalog, Page], Result],
        *,
        first_id: int = 0,
        end_id: int | None = None,
        rows: int | None = None,
    ) -> Iterator[Result]:
        """Yield what a function reads of each page of the rows from `first_id` on, in id order, up to `end_id` - 1.

        Each call is a transaction of its own, which has ended when its result is yielded.
        """
        after, end, size = first_id - 1, self.newest_id + 1 if end_id is None else end_id, rows or self.page_rows
        while after + 1 < end:
            with self.reading() as catalog:
                last = catalog.items.end_of_page(after, end, size)
                if last is None:
                    return
                newest = catalog.history.last_batch().number
                result = read(catalog, Page(after + 1, last, size, self.batch.number, newest))
            yield result
            after = last

    def scan(self, read: Callable[[Catalog, Page], Result], *, end_id: int | None = None) -> Iterator[Result]:
        """Yield what `pages` does of larger pages, for a function that reads no vectors."""
        return self.pages(read, end_id=end_id, rows=_SCANNED_ROWS)

    def row_pages(self, *, first_id: int = 0, end_id: int | None = None) -> Iterator[RowPage]:
        """Yield the rows, live and deleted, from `first_id` on, up to `end_id` - 1."""
        return self.pages(
            lambda catalog, page: RowPage(page, catalog.items.in_page(page)), first_id=first_id, end_id=end_id
        )

    def require_kept(self) -> None:
        """Raise StoreChanged if a row that was live after the fixed batch, then deleted, was compacted since."""
        if any(self.pages(lambda catalog, page: catalog.items.lost_vectors(page))):
            raise _changed("compacted")

    def chain_check(self, start: Batch = BATCH_ZERO) -> ChainCheck:
        """Return a check of the rows against the batches after `start`, up to the fixed one."""
        with self.reading() as catalog:
            return ChainCheck(catalog.history, start, self.batch)

    def checked_rows(self) -> Iterator[list[Row]]:
        """Yield all live rows in id order, a page at a time, each checked.

        Raise StoreCorrupt, at the latest after the last row, when rows are damaged, missing or too many.
        """
        check = self.chain_check()
        for page in self.row_pages():
            for row, deleted_in in page.history():
                check.add(row, deleted_in)
            yield page.live()
        check.finish()


def require_complete_key_index(state: BatchState) -> None:
    """Raise StoreCorrupt unless the index of keys has every live item: only then is a key not in it unknown."""
    live = 0
    for count, indexed in state.scan(
        lambda catalog, page: (catalog.items.count(page), catalog.items.keys_are_indexed(page))
    ):
        if not indexed:
            break
        live += count
    if live != state.batch.live:
        raise rows_changed("the catalog's index of keys to contain every item")


def newest_state(reading: Reading) -> BatchState:
    """Return the state after the newest batch."""
    with reading() as catalog:
        return replace(state_within(catalog), begin=reading)


def state_within(catalog: Catalog) -> BatchState:
    """Return the state after the newest batch, to be read within the catalog's own transaction."""
    vector_bytes = read_dim(catalog.connection) * VECTOR_DTYPE.itemsize
    rows = max(1, min(_ROWS, _BYTES // vector_bytes))
    return BatchState(lambda: nullcontext(catalog), catalog.history.last_batch(), catalog.items.newest_id(), rows)


def read_state(reading: Reading, read: Callable[[BatchState], Result]) -> Result:
    """Return what a function reads of the state after the newest batch; call it again when that state is lost."""
    while True:
        try:
            return read(newest_state(reading))
        except StoreChanged:
            continue


def _changed(how: str) -> StoreChanged:
    """Return the error for a fixed state that cannot be read any more."""
    return StoreChanged(
        f"expected the rows to stay as they were when the read began, but the store was {how} meanwhile: run the same "
        "command again"
    )
