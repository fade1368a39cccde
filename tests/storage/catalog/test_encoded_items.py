"""New items as they are stored."""

import re
from http import HTTPStatus

import numpy as np
import pytest

from storage import NewItem
from storage.catalog.checksum import row_checksum
from storage.catalog.encoded_items import EncodedItems, encode_items
from storage.catalog.row import Row
from storage.errors import InvalidItem
from storage.types.item_columns import ItemColumns
from storage.types.storable import MAX_METADATA_BYTES

ITEMS = [
    NewItem("a", b"1", "x", {"n": 1, "b": "é\n"}, b"png"),
    NewItem("é", b"2", source="folder"),
    NewItem("c", b"3", "", {"t": True}, b"", "other"),
]


def encoded(items: list[NewItem]) -> EncodedItems:
    return encode_items(ItemColumns.of(items))


def test_texts_are_utf8_and_json_and_what_few_items_have_is_by_index() -> None:
    assert encoded(ITEMS) == EncodedItems(
        [b"a", "é".encode(), b"c"],
        [b"x", None, b""],
        [b"1", b"2", b"3"],
        ['{"b": "é\\n", "n": 1}'.encode(), b"{}", b'{"t": true}'],
        [{"n": 1, "b": "é\n"}, {}, {"t": True}],
        {0: b"png", 2: b""},
        {1: "folder", 2: "other"},
    )
    assert encoded([]) == EncodedItems([], [], [], [], [], {}, {})


@pytest.mark.parametrize("indices", [[], [0], [2, 1], [0, 1, 2]])
def test_items_are_taken_by_index(indices: list[int]) -> None:
    assert encoded(ITEMS).take(indices) == encoded([ITEMS[index] for index in indices])


def test_values_of_other_types_than_pythons_own_are_not_what_metadata_was_encoded_from() -> None:
    values = NewItem("number", b"", metadata={"a": np.float64(0.5), "b": HTTPStatus.OK})
    items = encoded([*ITEMS, values])
    assert items.fields is None
    assert items.metadata[-1] == b'{"a": 0.5, "b": 200}'


@pytest.mark.parametrize(
    "item",
    [
        NewItem("é" * 1300, b""),
        NewItem("long", b"", "é" * 32_500),
        NewItem("sourced", b"", source="é" * 32_500),
        NewItem("number", b"", metadata={"a": 10**640 - 1}),
    ],
    ids=str,
)
def test_the_largest_texts_and_numbers_can_be_stored(item: NewItem) -> None:
    assert encoded([*ITEMS, item]).take([3]) == encoded([item])


def test_columns_are_of_the_items_that_they_give_back() -> None:
    columns = ItemColumns.of(ITEMS)
    assert [columns.item(index) for index in range(len(columns))] == ITEMS


def test_rows_have_ids_from_the_first_on_and_checksums_of_all_else() -> None:
    vectors = np.arange(6, dtype=np.float32).reshape(3, 2)
    rows = encoded(ITEMS).rows(7, 4, vectors)
    fields = [
        (7, 4, b"a", b"x", b"1", '{"b": "é\\n", "n": 1}'.encode(), vectors[0].tobytes()),
        (8, 4, "é".encode(), None, b"2", b"{}", vectors[1].tobytes()),
        (9, 4, b"c", b"", b"3", b'{"t": true}', vectors[2].tobytes()),
    ]
    assert rows == [Row(*values, row_checksum(*values)) for values in fields]


def test_a_key_that_two_items_share_is_refused() -> None:
    encoded(ITEMS).require_distinct_keys()
    with pytest.raises(InvalidItem, match=r"^expected each key once in a batch, got 'é' twice$"):
        encoded([*ITEMS, ITEMS[1]]).require_distinct_keys()


@pytest.mark.parametrize("others", [[], ITEMS])
def test_the_item_that_cannot_be_stored_is_named(others: list[NewItem]) -> None:
    for item, problem in [
        (NewItem("long", b"", metadata={"a": "x" * MAX_METADATA_BYTES}), "must have at most 1,048,576 bytes as JSON"),
        (NewItem("nul", b"", "\0"), "its label must not contain the NUL character"),
        (NewItem("infinite", b"", metadata={"a": float("inf")}), "its metadata 'a' must be a finite number or None"),
        (NewItem("huge", b"", metadata={"a": 10**700}), "its metadata 'a' must have at most 640 digits"),
        (NewItem("named", b"", metadata={"key": 1}), "metadata cannot be named 'key'"),
        (NewItem("listed", b"", metadata={"a": [1]}), "its metadata 'a' must be a text, number"),  # type: ignore[dict-item]
    ]:
        with pytest.raises(InvalidItem, match=f"got key '{item.key}': .*{re.escape(problem)}"):
            encoded([*others, item])
