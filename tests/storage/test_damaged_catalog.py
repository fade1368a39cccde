"""Bits flipped anywhere in the catalog: an answer is the right one, or refused; never a wrong one."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from storage import Embedding, Hit, LookalikeError, NewItem, Store

FLIPS = 400
DIM = 8


def made(folder: Path) -> list[list[Hit]]:
    """Make a published store with a few deleted items and a tail, and return what it answers."""
    vectors = np.random.default_rng(5).standard_normal((120, DIM)).astype(np.float32)
    with Store.create(folder, Embedding(DIM, "f" * 64, {"made": "by hand"}, {"head": vectors[:3]})) as store:
        for start in range(0, 90, 30):
            store.append([item(place) for place in range(start, start + 30)], vectors[start : start + 30])
        store.delete(ids=[3, 50])
        store.publish()
        store.append([item(place) for place in range(90, 120)], vectors[90:])
    return answers(folder)


def item(place: int) -> NewItem:
    return NewItem(f"key {place}", bytes(32), f"label {place}", {"place": place}, b"png")


def answers(folder: Path) -> list[list[Hit]]:
    queries = np.random.default_rng(6).standard_normal((25, DIM)).astype(np.float32)
    with Store.open(folder) as store:
        return store.nearest(queries, 4)


@pytest.mark.parametrize("with_index", [True, False], ids=["with its index", "without its index"])
def test_no_flipped_bit_in_the_catalog_ends_in_a_wrong_answer(tmp_path: Path, with_index: bool) -> None:
    expected = made(tmp_path / "store")
    whole = (tmp_path / "store" / "catalog.sqlite").read_bytes()
    if not with_index:
        shutil.rmtree(tmp_path / "store" / "index")
    outcomes: Counter[str] = Counter()
    generator = np.random.default_rng(9)
    for _ in range(FLIPS // 2):
        place, bit = int(generator.integers(len(whole))), int(generator.integers(8))
        damaged = bytearray(whole)
        damaged[place] ^= 1 << bit
        (tmp_path / "store" / "catalog.sqlite").write_bytes(damaged)
        try:
            got = answers(tmp_path / "store")
        except LookalikeError:
            outcomes["refused"] += 1
            continue
        outcomes["right" if got == expected else f"wrong: byte {place}, bit {bit}"] += 1
    assert set(outcomes) == {"refused", "right"}, outcomes
