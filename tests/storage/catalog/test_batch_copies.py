"""Copying batches to another store: a copy is checked against its record before it leaves."""

from pathlib import Path

import pytest

from storage import Store
from storage.errors import StoreCorrupt
from tests.errors import exactly
from tests.storage.stores import EMBEDDING, item, line_store, sql


def test_copied_batches_make_the_same_store(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path, 5, batch=2), writing=True) as store:
        store.delete(ids=[1, 4])
        store.compact()
        with Store.create(tmp_path / "copy", EMBEDDING) as copy:
            for copies in store.batches_after(0):
                copy.write_copies(copies)
            assert copy.items() == [item(number) for number in (0, 2, 3)]
            assert copy.thumbnails([0, 2, 3]) == store.thumbnails([0, 2, 3])
            assert copy.last_batch() == store.last_batch()
            assert copy.verify() == []


DAMAGED = (
    "expected the record of batch {} to hold numbers and a hash, but it was damaged after it was written: restore the "
    "store from a backup"
)
CHANGED = (
    "expected the rows of batch {} to be those that were acknowledged: run `lookalike store repair`, or restore the "
    "store from a backup"
)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE batches SET live = 'x' WHERE number = 2", DAMAGED.format(2)),
        ("UPDATE batches SET next_id = 'x' WHERE number = 3", DAMAGED.format(3)),
        ("UPDATE batches SET chain = 'x' WHERE number = 1", DAMAGED.format(1)),
        ("UPDATE batches SET live = 7 WHERE number = 3", CHANGED.format(3)),
        ("UPDATE batches SET next_id = 3 WHERE number = 1", CHANGED.format(1)),
        ("UPDATE batches SET chain = zeroblob(32) WHERE number = 1", CHANGED.format(1)),
        ("UPDATE items SET label = 'x' WHERE id = 3", CHANGED.format(2)),
        ("UPDATE items SET checksum = 'text' WHERE id = 3", CHANGED.format(2)),
        ("UPDATE items SET deleted_in = 3 WHERE id = 0", CHANGED.format(3)),
        ("DELETE FROM items WHERE id = 2", CHANGED.format(2)),
        ("DELETE FROM batches WHERE number = 1", CHANGED.format(2)),
    ],
)
def test_nothing_damaged_is_copied(tmp_path: Path, statement: str, message: str) -> None:
    folder = line_store(tmp_path, 5, batch=2)
    sql(folder, statement)
    with Store.open(folder) as store, pytest.raises(StoreCorrupt, match=exactly(message)):
        list(store.batches_after(0))
