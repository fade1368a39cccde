"""Filters select what the oracle in plain Python says, over values of all types and extremes."""

import random
from pathlib import Path

import pytest

from storage.catalog import encoded_items, sqlite_numbers
from tests.storage.filter_oracle import (
    described_difference,
    filled_store,
    oracle_items,
    oracle_items_with_nul,
    random_filter,
)


@pytest.mark.parametrize("seed", range(2))
def test_thousands_of_random_filters_select_what_the_oracle_says(tmp_path: Path, seed: int) -> None:
    generator = random.Random(seed)
    contents = oracle_items(generator)
    with filled_store(tmp_path / "store", contents) as store:
        filters = [random_filter(generator, contents.stored) for _ in range(700)]
        differences = [described_difference(store, where, contents.stored) for where in filters]
    assert [difference for difference in differences if difference is not None] == []


def test_filters_are_exact_however_inexactly_sqlite_reads_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = random.Random(2)
    contents = oracle_items(generator)
    monkeypatch.setattr(sqlite_numbers, "_RELATIVE_ERROR", 1.0)
    with filled_store(tmp_path / "store", contents) as store:
        filters = [random_filter(generator, contents.stored) for _ in range(500)]
        differences = [described_difference(store, where, contents.stored) for where in filters]
    assert [difference for difference in differences if difference is not None] == []


def test_a_store_with_nul_characters_of_an_earlier_version_still_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = random.Random(1)
    contents = oracle_items_with_nul(generator)
    with monkeypatch.context() as patch:
        patch.setattr(encoded_items, "require_storable_item", bool)
        store = filled_store(tmp_path / "store", contents)
    with store:
        filters = [random_filter(generator, contents.stored) for _ in range(300)]
        differences = [described_difference(store, where, contents.stored) for where in filters]
    assert [difference for difference in differences if difference is not None] == []
