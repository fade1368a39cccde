"""Filters on PostgreSQL select what the oracle in plain Python says."""

import random

import pytest

from storage.catalog import row
from tests.servers.postgres import PostgresCluster
from tests.storage.filter_oracle import (
    described_difference,
    filled_store,
    oracle_items,
    oracle_items_with_nul,
    random_filter,
)


@pytest.mark.parametrize("seed", range(3))
def test_thousands_of_random_filters_select_what_the_oracle_says(postgres: PostgresCluster, seed: int) -> None:
    generator = random.Random(seed)
    contents = oracle_items(generator)
    with filled_store(postgres.url(), contents) as store:
        filters = [random_filter(generator, contents.stored) for _ in range(700)]
        differences = [described_difference(store, where, contents.stored) for where in filters]
    assert [difference for difference in differences if difference is not None] == []


def test_a_store_with_nul_characters_of_an_earlier_version_still_answers(
    postgres: PostgresCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = random.Random(1)
    contents = oracle_items_with_nul(generator)
    with monkeypatch.context() as patch:
        patch.setattr(row, "require_storable_item", bool)
        store = filled_store(postgres.url(), contents)
    with store:
        filters = [random_filter(generator, contents.stored) for _ in range(300)]
        differences = [described_difference(store, where, contents.stored) for where in filters]
    assert [difference for difference in differences if difference is not None] == []
