"""Filters on PostgreSQL select what the oracle in plain Python says."""

import random
import string

import numpy as np
import pytest

from storage import Job, JobUpdate, NewItem, Rejected, Store
from storage.catalog import encoded_items
from tests.scaling.stores import DIM, EMBEDDING
from tests.servers.postgres import PostgresCluster
from tests.storage.filter_oracle import (
    described_difference,
    filled_store,
    oracle_items,
    oracle_items_with_nul,
    random_filter,
)


def test_the_longest_key_label_number_and_reason_are_held(postgres: PostgresCluster) -> None:
    generator = random.Random(2)
    # Letters at random, since PostgreSQL would compress others.
    key = "".join(generator.choices(string.ascii_letters + string.digits, k=2600))
    item = NewItem(key, b"", "l" * 65_000, {"hash": 10**640 - 1, "text": "\x01", "": 1e308, "a.b": 5e-324})
    update = JobUpdate(Job(1, "(film \0)", total=2, rejected=1), [Rejected(key * 2, "cut \0")])
    with Store.create(postgres.url(), EMBEDDING) as store:
        store.append([item], np.zeros((1, DIM), np.float32), update)
        (stored,) = store.items()
        assert (stored.key, stored.label, stored.metadata) == (item.key, item.label, item.metadata)
        assert store.by_key(key).id == 0
        assert [(len(reject.key), reject.reason) for reject in store.rejects()] == [(393, r"'cut \x00'")]
        assert store.verify() == []


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
        patch.setattr(encoded_items, "require_storable_item", bool)
        store = filled_store(postgres.url(), contents)
    with store:
        filters = [random_filter(generator, contents.stored) for _ in range(300)]
        differences = [described_difference(store, where, contents.stored) for where in filters]
    assert [difference for difference in differences if difference is not None] == []
