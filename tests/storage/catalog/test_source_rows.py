"""The source of each item: written with its batch, checked when read, and changed without a new id."""

from pathlib import Path

import pytest

from storage import AppendResult, Store
from storage.errors import InvalidItem, StoreCorrupt
from storage.types.items import NewItem
from tests.errors import error_message
from tests.storage.stores import EMBEDDING, line_vector, line_vectors, sql

ONE, OTHER = "folder:/one", "folder:/other"


def items(*numbers: int, source: str | None = ONE) -> list[NewItem]:
    return [NewItem(f"key {number}", b"c", thumbnail=b"png", source=source) for number in numbers]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a store of items 0 and 1 of one source, 2 of another, and 3 of none."""
    with Store.create(tmp_path / "store", EMBEDDING) as store:
        store.append([*items(0, 1), *items(2, source=OTHER), *items(3, source=None)], line_vectors(range(4)))
    return tmp_path / "store"


def test_items_have_the_source_that_they_were_written_with(folder: Path) -> None:
    with Store.open(folder) as store:
        assert store.sources([0, 2, 3, 9]) == {0: ONE, 2: OTHER}
        assert store.items_of_source(ONE).tolist() == [0, 1]
        assert store.items_of_source("folder:/none").tolist() == []
        assert store.source_counts() == {ONE: 2, OTHER: 1}
        assert store.info().sources == {ONE: 2, OTHER: 1}
        assert store.verify() == []


def test_a_replaced_or_deleted_item_is_none_of_its_source_any_more(folder: Path) -> None:
    with Store.open(folder, writing=True) as store:
        store.append(items(0, source=OTHER), [line_vector(7)])
        store.delete(ids=[1])
        assert store.source_counts() == {OTHER: 2}
        store.compact()
        assert store.sources(range(9)) == {2: OTHER, 4: OTHER}
        assert store.verify() == []
    assert sql(folder, "SELECT item FROM item_sources ORDER BY item") == [(2,), (4,)]


def test_an_item_gets_another_source_and_keeps_its_id(folder: Path) -> None:
    with Store.open(folder, writing=True) as store:
        before = store.last_batch()
        store.append([], [], sources={0: OTHER, 3: "folder:/new"})
        assert store.sources(range(4)) == {0: OTHER, 1: ONE, 2: OTHER, 3: "folder:/new"}
        assert store.last_batch() == before
        assert store.verify() == []


def test_a_batch_adds_and_deletes_items_at_once(folder: Path) -> None:
    with Store.open(folder, writing=True) as store:
        appended = store.append(items(0, 5), line_vectors([8, 9]), delete=[0, 2, 77])
        assert appended == AppendResult((4, 5), replaced=1, deleted=1)
        assert store.ids().tolist() == [1, 3, 4, 5]
        assert store.append([], [], delete=[2, 4]) == AppendResult((), replaced=0, deleted=1)
        assert store.last_batch().number == 3
        assert store.append([], [], delete=[2, 4]) == AppendResult((), replaced=0, deleted=0)
        assert store.last_batch().number == 3
        assert store.verify() == []


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "must be a text of at least one character, or None"),
        (7, "must be a text of at least one character, or None"),
        ("a\0b", "must not contain the NUL character, which PostgreSQL cannot hold"),
        ("caf\udce9", "must be valid Unicode, got '\\udce9' at index 3"),
    ],
)
def test_a_source_without_a_proper_name_is_refused(folder: Path, source: str, reason: str) -> None:
    with Store.open(folder, writing=True) as store:
        assert error_message(InvalidItem, store.append, items(9, source=source), [line_vector(9)]) == (
            f"expected an item that can be stored, got key 'key 9': its source {reason}"
        )


@pytest.mark.parametrize(
    ("statement", "damaged"),
    [
        ("UPDATE item_sources SET source = 2 WHERE item = 1", [1]),
        ("UPDATE item_sources SET source = 9 WHERE item = 1", [1]),
        ("UPDATE item_sources SET item = 3 WHERE item = 1", [3]),
        ("UPDATE item_sources SET checksum = x'00' WHERE item = 1", [1]),
        ("UPDATE item_sources SET checksum = 'text' WHERE item = 1", [1]),
        ("UPDATE sources SET name = 'folder:/onf' WHERE number = 1", [0, 1]),
        ("UPDATE sources SET name = x'00' WHERE number = 1", [0, 1]),
        ("DELETE FROM sources WHERE number = 1", [0, 1]),
    ],
)
def test_a_damaged_source_is_noticed_and_repaired_to_none(folder: Path, statement: str, damaged: list[int]) -> None:
    sql(folder, statement)
    with Store.open(folder, writing=True) as store:
        assert error_message(StoreCorrupt, store.sources, range(4)) == (
            f"expected the source of item {damaged[0]} to match its checksum, but it was damaged after it was written: "
            "run `lookalike store repair`, or restore the store from a backup"
        )
        assert store.verify() == [f"source of item {id}: it does not match its checksum" for id in damaged]
        assert store.repair() == [
            f"source of item {id}: damaged, removed; the next job of its source takes it up" for id in damaged
        ]
        expected = {0: ONE, 1: ONE, 2: OTHER}
        assert store.sources(range(4)) == {id: expected[id] for id in expected if id not in {*damaged, 1}}
        assert store.verify() == []
        assert len(store) == 4
