"""Damage in the catalog and index files: verify names it, repair removes it, and undamaged items are unaffected."""

import shutil
from pathlib import Path

import pytest

from storage import Hit, Store
from storage.errors import StoreCorrupt
from tests.errors import error_message
from tests.storage.stores import (
    files,
    hit,
    item,
    line_store,
    line_vector,
    line_vectors,
    new_item,
    new_items,
    sql,
)

#: The live items of these tests' stores: item 0 was deleted, item 4 was added after the index file.
LIVE = [1, 2, 3, 4]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = line_store(tmp_path_factory.mktemp("template"), 4, batch=2)
    with Store.open(folder, writing=True) as store:
        store.delete(ids=[0])
        store.publish()
        store.append([new_item(4)], line_vectors([4]))
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return shutil.copytree(template, tmp_path / "store")


def around_item_two(live: list[int]) -> list[Hit]:
    """Return all hits of the vector of item 2 in a store of these items."""
    distances = {2: 0.0, 1: 2.0, 3: 4.0, 4: 12.0}
    near = [number for number in distances if number in live]
    return [hit(rank, number, distances[number]) for rank, number in enumerate(near, start=1)]


ITEM = "item {}: its fields do not match its checksum"
QUARANTINED = "item {}: damaged, quarantined"
RECORD = "batch {}: its record was recomputed from its rows"
OTHER_ROWS = "batch {}: its rows are not those that were acknowledged"


@pytest.mark.parametrize(
    ("number", "column", "value"),
    [
        (2, "vector", b"\0" * 8),
        (2, "vector", b"\0\0\xc0\x7f" * 2),
        (2, "vector", b""),
        (2, "vector", b"\0" * 7),
        (2, "vector", "text"),
        (2, "label", "label 3"),
        (2, "label", ""),
        (2, "label", None),
        (2, "metadata", '{"number": 7}'),
        (2, "metadata", "{"),
        (2, "key", "key 99"),
        (2, "content", b""),
        (2, "content", 5),
        # Item 4 is not covered by the index file.
        (4, "vector", b"\0" * 8),
        (4, "vector", b"\0" * 7),
        (4, "label", "label 3"),
    ],
)
def test_a_damaged_item_is_named_and_quarantined_and_the_others_are_unaffected(
    folder: Path, number: int, column: str, value: object
) -> None:
    sql(folder, f"UPDATE items SET {column} = ? WHERE id = ?", value, number)
    others = [other for other in LIVE if other != number]
    unreadable = (
        f"expected item {number} to match its checksum, but it was damaged after it was written: run "
        "`lookalike store repair`, or restore the store from a backup"
    )
    with Store.open(folder, writing=True) as store:
        # A row that no index file covers is read when the store is loaded.
        assert store.verify() == [ITEM.format(number), *([unreadable] if number == 4 else [])]
        assert error_message(StoreCorrupt, store.items, [number]) == unreadable
        assert store.repair() == [QUARANTINED.format(number)]
        assert store.verify() == []
        assert store.items() == [item(other) for other in others]
        assert store.nearest(line_vector(2), 9) == [around_item_two(others)]
        assert store.thumbnails(LIVE).keys() == set(others)
        assert sql(folder, f"SELECT item, {column} FROM set_aside") == [(number, value)]
        # It can be added again, under a new id.
        assert store.append([new_item(number)], line_vector(number)).ids == (5,)
        assert store.repair() == []
    with Store.open(folder) as store:
        assert store.items() == [*(item(other) for other in others), item(number, id=5)]
        assert store.verify() == []


def test_no_answer_is_given_from_a_damaged_item(folder: Path) -> None:
    with Store.open(folder) as store:
        right = store.nearest(line_vector(2), 9)
    sql(folder, "UPDATE items SET label = 'label 1' WHERE id = 3")
    with Store.open(folder) as store:
        # The columns have the item as it was published, whatever happened to its row since.
        assert store.nearest(line_vector(2), 9) == right
        assert ITEM.format(3) in store.verify()
        for read in (store.items, lambda: store.by_key("key 3"), lambda: store.vectors([3]), lambda: [*store.pages(2)]):
            with pytest.raises(StoreCorrupt):
                read()


def test_several_damaged_items_are_quarantined_together(folder: Path) -> None:
    sql(folder, "UPDATE items SET label = 'x' WHERE id IN (0, 1, 3)")
    sql(folder, "UPDATE thumbnails SET png = x'00' WHERE item = 2")
    picture = "thumbnail of item 2: "
    with Store.open(folder, writing=True) as store:
        assert store.verify() == [*(ITEM.format(id) for id in (0, 1, 3)), picture + "it does not match its checksum"]
        assert store.repair() == [*(QUARANTINED.format(id) for id in (0, 1, 3)), picture + "damaged, removed"]
        assert store.verify() == []
        assert store.items() == [item(2), item(4)]
        assert store.nearest(line_vector(2), 9) == [around_item_two([2, 4])]
    assert sql(folder, "SELECT item, key, label FROM set_aside ORDER BY item") == [
        (id, f"key {id}", "x") for id in (0, 1, 3)
    ]


@pytest.mark.parametrize(
    ("statement", "problems", "done"),
    [
        ("UPDATE batches SET live = 7 WHERE number = 2", [OTHER_ROWS.format(2)], [RECORD.format(2)]),
        ("UPDATE batches SET live = 'x' WHERE number = 2", [OTHER_ROWS.format(2)], [RECORD.format(2)]),
        ("UPDATE batches SET next_id = 3 WHERE number = 4", [OTHER_ROWS.format(4)], [RECORD.format(4)]),
        ("UPDATE batches SET next_id = 1 << 60 WHERE number = 4", [OTHER_ROWS.format(4)], [RECORD.format(4)]),
        ("UPDATE batches SET chain = x'00' WHERE number = 1", [OTHER_ROWS.format(1)], [RECORD.format(1)]),
        (
            "UPDATE items SET checksum = x'00' WHERE id = 3",
            [ITEM.format(3), OTHER_ROWS.format(2)],
            [QUARANTINED.format(3), *(RECORD.format(number) for number in (2, 3, 4))],
        ),
        (
            "UPDATE items SET checksum = 'text' WHERE id = 3",
            [ITEM.format(3), OTHER_ROWS.format(2)],
            [QUARANTINED.format(3), *(RECORD.format(number) for number in (2, 3, 4))],
        ),
        ("UPDATE items SET batch = 1 WHERE id = 3", [ITEM.format(3), OTHER_ROWS.format(1)], [QUARANTINED.format(3)]),
    ],
)
def test_a_batch_record_that_differs_from_its_rows_is_named_and_recomputed(
    folder: Path, statement: str, problems: list[str], done: list[str]
) -> None:
    sql(folder, statement)
    others = LIVE if QUARANTINED.format(3) not in done else [1, 2, 4]
    with Store.open(folder, writing=True) as store:
        assert store.verify() == problems
        assert store.repair() == done
        assert store.verify() == []
        assert store.items() == [item(number) for number in others]
        assert store.nearest(line_vector(2), 9) == [around_item_two(others)]
        assert store.append([new_item(9)], line_vector(9)).ids == (5,)


@pytest.mark.parametrize("lost", [[1], [4], [2, 3]])
def test_a_missing_row_is_named_and_its_id_is_not_reused(folder: Path, lost: list[int]) -> None:
    for id in lost:
        sql(folder, "DELETE FROM items WHERE id = ?", id)
    others = [number for number in LIVE if number not in lost]
    with Store.open(folder, writing=True) as store:
        missing = [f"item {id}: its row is missing" for id in lost]
        assert store.verify()[: len(missing)] == missing
        assert store.repair()[: len(missing)] == [f"{line}; its id is not reused" for line in missing]
        assert store.verify() == []
        assert store.items() == [item(number) for number in others]
        assert store.nearest(line_vector(2), 9) == [around_item_two(others)]
        assert store.append(new_items(lost), line_vectors(lost)).ids == tuple(range(5, 5 + len(lost)))
        assert store.verify() == []


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "DELETE FROM batches WHERE number = 2",
            "expected a record of every batch from 0 on, got 4 with some missing: restore the store from a backup",
        ),
        (
            "DELETE FROM batches",
            "expected the record of batch 0 in the catalog, got none: restore the store from a backup",
        ),
        (
            "UPDATE items SET deleted_in = 9 WHERE id = 1",
            "expected {} to be intact after its repair, got 'expected item 1 to have been deleted in a batch that was "
            "acknowledged, got 9: rows were lost or changed after they were written; run `lookalike store repair`, "
            "or restore the store from a backup'",
        ),
    ],
)
def test_a_store_that_cannot_be_repaired_is_not_changed(folder: Path, statement: str, message: str) -> None:
    sql(folder, statement)
    sql(folder, "UPDATE items SET label = 'x' WHERE id = 2")
    before = files(folder)
    with Store.open(folder, writing=True) as store:
        assert store.verify() != []
        assert error_message(StoreCorrupt, store.repair) == message.format(folder)
    assert {**files(folder), "writer.lock": b""} == {**before, "writer.lock": b""}


def test_a_missing_index_file_is_rebuilt(folder: Path) -> None:
    (index_file,) = (folder / "index").glob("*.faiss")
    index_file.unlink()
    (folder / "index.faiss").unlink()
    with Store.open(folder, writing=True) as store:
        missing = f"index/{index_file.name}: missing or damaged"
        assert store.verify() == [f"{missing}; searching works without it, from the rows"]
        assert store.repair() == [f"{missing}, rebuilt"]
        assert store.verify() == []
        assert store.nearest(line_vector(2), 9) == [around_item_two(LIVE)]
    (rebuilt,) = (folder / "index").glob("*.faiss")
    assert rebuilt.read_bytes() == (folder / "index.faiss").read_bytes()
    assert sql(folder, "SELECT batch, items FROM generations") == [(4, 4)]


def test_an_index_file_is_rebuilt_even_where_a_folder_has_its_name(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path, published=True), writing=True) as store:
        (path,) = (store.folder / "index").glob("*.faiss")
        path.unlink()
        path.mkdir()
        assert store.repair() == [f"index/{path.name}: missing or damaged, rebuilt"]
        assert store.verify() == []
        assert store.repair() == []
        names = [path.name[:8] for path in (store.folder / "index").iterdir()]
        # The folder stays; the files of the first generation are gone.
        assert sorted(names) == ["g-000001", "g-000002", "g-000002"]


def test_repairing_an_intact_store_changes_nothing(folder: Path) -> None:
    tables = ("items", "batches", "thumbnails", "embedding", "set_aside")
    before = [sql(folder, f"SELECT * FROM {table}") for table in tables]
    with Store.open(folder, writing=True) as store:
        assert store.repair() == []
        assert store.repair() == []
    assert [sql(folder, f"SELECT * FROM {table}") for table in tables] == before
