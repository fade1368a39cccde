"""What is wrong with a store is told by its kind: lost, wrong labels, unopenable, unclean, not identical."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.durability.judge import Finding, Kind, findings, scratch
from benchmarks.durability.workload import EMBEDDING, label_of, steps, work
from storage import NewItem, Store


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Return the folder of a store whose work was done to the end."""
    work(tmp_path / "store", lambda _: None)
    return tmp_path / "store"


def with_first_step(folder: Path, label: Callable[[bytes], str]) -> Path:
    """Make a store of the first step's keys and vectors, with labels of its own and no more of what the items say."""
    held = steps()[0].held.values()
    with Store.create(folder / "store", EMBEDDING) as store:
        items = [NewItem(key, bytes(32), label(vector)) for key, vector in held]
        store.append(items, np.array([np.frombuffer(vector, np.float32) for _, vector in held]))
    return folder / "store"


def kinds(found: list[Finding]) -> set[Kind]:
    return {finding.kind for finding in found}


def test_nothing_is_wrong_with_a_store_that_met_no_fault(made: Path) -> None:
    assert findings(made, len(steps()), thorough=True) == []


def test_nothing_is_wrong_with_no_store_before_one_was_acknowledged(tmp_path: Path) -> None:
    assert findings(tmp_path / "store", -1, thorough=True) == []
    assert findings(tmp_path / "other", 0, thorough=True) == [Finding(Kind.LOST, "the store is gone")]


def test_a_store_without_an_acknowledged_step_has_lost_it(tmp_path: Path) -> None:
    Store.create(tmp_path / "store", EMBEDDING).close()
    assert findings(tmp_path / "store", 0, thorough=False) == []
    assert kinds(findings(tmp_path / "store", 1, thorough=False)) == {Kind.LOST}


def test_another_item_s_label_is_a_wrong_label(tmp_path: Path) -> None:
    store = with_first_step(tmp_path, lambda _: "another")
    assert kinds(findings(store, 1, thorough=False)) == {Kind.WRONG_LABELS}


def test_a_catalog_that_cannot_be_read_makes_a_store_unopenable(made: Path) -> None:
    (made / "catalog.sqlite").write_bytes(b"not a database" * 99)
    assert kinds(findings(made, len(steps()), thorough=False)) == {Kind.UNOPENABLE}


def test_a_damaged_index_file_is_unclean_for_one_who_looks_thoroughly(made: Path) -> None:
    for path in (made / "index").iterdir():
        path.write_bytes(b"damaged")
    assert findings(made, len(steps()), thorough=False) == []
    assert findings(made, len(steps()), thorough=True)[0].kind is Kind.UNCLEAN


def test_a_store_that_ends_otherwise_than_one_that_met_no_fault_is_not_identical(tmp_path: Path) -> None:
    store = with_first_step(tmp_path, label_of)
    assert findings(store, 1, thorough=False) == []
    assert kinds(findings(store, 1, thorough=True)) == {Kind.NOT_IDENTICAL}


def test_a_scratch_folder_is_gone_afterwards() -> None:
    with scratch() as folder:
        (folder / "file").touch()
    assert not folder.exists()
