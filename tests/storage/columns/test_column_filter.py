"""Filters over columns select what the oracle in plain Python says, over values of all types and extremes."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from storage import Item, NewItem
from storage.catalog.checksum import row_checksum
from storage.catalog.row import Row
from storage.columns import columns_builder
from storage.columns.column_filter import ColumnFilter
from storage.errors import InvalidQuery, StoreCorrupt
from storage.memory.filter_fields import require_fields
from storage.types.where import conditions_of
from tests.storage.columns.column_rows import columns_of, row_of, rows_of
from tests.storage.filter_oracle import expected, oracle_items, oracle_items_with_nul, random_filter


def selected(rows: ColumnFilter, where: Mapping[str, Any], items: Sequence[Item]) -> list[int] | type[Exception]:
    conditions = conditions_of(where)
    try:
        require_fields(rows, len(items), conditions)
    except InvalidQuery as error:
        return type(error)
    mask = rows.matching(conditions)
    return [item.id for item, matches in zip(items, mask.tolist(), strict=True) if matches]


@pytest.mark.parametrize("rows_per_value", [1, 2, 64, 10_000])
@pytest.mark.parametrize("sizes", [(), (60, 1, 80)])
def test_thousands_of_random_filters_select_what_the_oracle_says(
    rows_per_value: int, sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whether none, some or all values are in typed columns: at 1 only what every row has, at 10,000 everything.
    monkeypatch.setattr(columns_builder, "_ROWS_PER_VALUE", rows_per_value)
    generator = random.Random(rows_per_value)
    items = oracle_items(generator).stored
    rows = ColumnFilter(columns_of(rows_of(items), *sizes))
    filters = [random_filter(generator, items) for _ in range(200)]
    pairs = [(where, selected(rows, where, items), expected(where, items)) for where in filters]
    assert [pair for pair in pairs if pair[1] != pair[2]] == []
    assert sum(isinstance(right, list) and 0 < len(right) < len(items) for _, _, right in pairs) > 60


def test_filters_select_items_with_nul_characters_as_earlier_versions_stored_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("storage.catalog.encoded_items.require_storable_item", lambda _: None)
    generator = random.Random(3)
    items = oracle_items_with_nul(generator).stored
    rows = ColumnFilter(columns_of(rows_of(items)))
    filters = [random_filter(generator, items) for _ in range(500)]
    assert [where for where in filters if selected(rows, where, items) != expected(where, items)] == []


def test_rows_that_were_dropped_have_no_fields() -> None:
    items = [NewItem("a", b"", None, {"old": 1, "both": "x"}), NewItem("b", b"", None, {"both": None, "new": 2**70})]
    columns = columns_of([row_of(item, id) for id, item in enumerate(items)])
    assert ColumnFilter(columns).metadata_names() == ["both", "new", "old"]
    first = ColumnFilter(columns.keep(columns.ids == 0))
    last = ColumnFilter(columns.keep(columns.ids == 1))
    assert (first.metadata_names(), last.metadata_names()) == (["both", "old"], ["both", "new"])
    assert (first.has_metadata("new"), last.has_metadata("old")) == (False, False)


def test_at_most_so_many_fields_have_columns_and_the_others_are_found_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(columns_builder, "_MOST_TYPED", 3)
    items = [Item(id, f"{id}", None, {f"field {id % 9}": id, "common": id}, b"") for id in range(90)]
    columns = columns_of(rows_of(items), 10, 30)
    rows = ColumnFilter(columns)
    assert [name for name in columns.batch.schema.names if ":" in name] == [
        "integer:common",
        "integer:field 0",
        "integer:field 1",
    ]
    filters: list[dict[str, Any]] = [{f"field {number}": {">=": 40}} for number in range(9)]
    assert [selected(rows, where, items) for where in filters] == [expected(where, items) for where in filters]
    assert rows.metadata_names() == sorted(["common", *(f"field {number}" for number in range(9))])


@pytest.mark.parametrize(
    "metadata",
    [
        b"{",
        b"[]",
        b'{"a": NaN}',
        b"[" * 100_000,
        b'{"a": 1e999}',
        b'{"a": [1]}',
        b'{"a": {"b": 1}}',
        b'{"a": "\\ud800"}',
        b'{"\\ud800": 1, "a": "x"}',
        b'{"a": 1, "a": 2}',
    ],
)
def test_metadata_that_cannot_be_read_is_refused_by_the_filter_that_needs_it(metadata: bytes) -> None:
    columns = columns_of([row_of(NewItem("good", b"", "x", {"a": 1}), 0), foreign_row(1, metadata)])
    rows = ColumnFilter(columns)
    assert rows.matching(conditions_of({"label": "x"})).tolist() == [True, False]
    with pytest.raises(StoreCorrupt, match="expected item 1 to have metadata that can be read"):
        rows.matching(conditions_of({"a": 1}))
    with pytest.raises(StoreCorrupt, match="expected item 1 to have metadata that can be read"):
        rows.metadata_names()


def foreign_row(id: int, metadata: bytes) -> Row:
    """Return a row that matches its checksum, with metadata that Lookalike does not write."""
    fields = (id, 1, b"key", None, b"", metadata, bytes(8))
    return Row(*fields, row_checksum(*fields))
