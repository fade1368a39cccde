"""The judge reports what is wrong with a store by kind: lost, wrong labels, unopenable, unclean, not identical."""

import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from benchmarks.durability.findings import EXAMPLES, Finding, Kind, Tally
from benchmarks.durability.judge import judge
from benchmarks.durability.processes import fork_context, scratch_folder
from benchmarks.durability.workload import EMBEDDING, label_of, source_of, steps, work
from storage import NewItem, Store


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """Return the folder of a store whose work was done to the end."""
    work(tmp_path / "store", lambda _: None)
    return tmp_path / "store"


def with_first_step(folder: Path, label: Callable[[bytes], str]) -> Path:
    """Make a store of the first step's keys and vectors with the given labels, but other contents."""
    items = steps()[0].expected.values()
    with Store.create(folder / "store", EMBEDDING) as store:
        new_items = [NewItem(key, bytes(32), label(vector), source=source_of(key)) for key, vector in items]
        store.append(new_items, np.array([np.frombuffer(vector, np.float32) for _, vector in items]))
    return folder / "store"


def kinds(findings: list[Finding]) -> set[Kind]:
    return {finding.kind for finding in findings}


def test_nothing_is_wrong_with_a_store_that_met_no_fault(finished: Path) -> None:
    assert judge(finished, len(steps()), thorough=True) == []


def test_nothing_is_wrong_with_a_missing_store_before_its_creation_was_acknowledged(tmp_path: Path) -> None:
    assert judge(tmp_path / "store", -1, thorough=True) == []
    assert judge(tmp_path / "other", 0, thorough=True) == [Finding(Kind.LOST, "the store is gone")]


def test_a_store_without_an_acknowledged_step_has_lost_it(tmp_path: Path) -> None:
    Store.create(tmp_path / "store", EMBEDDING).close()
    assert judge(tmp_path / "store", 0, thorough=False) == []
    assert kinds(judge(tmp_path / "store", 1, thorough=False)) == {Kind.LOST}


def test_another_item_s_label_is_a_wrong_label(tmp_path: Path) -> None:
    store = with_first_step(tmp_path, lambda _: "another")
    assert kinds(judge(store, 1, thorough=False)) == {Kind.WRONG_LABELS}


def test_a_catalog_that_cannot_be_read_makes_a_store_unopenable(finished: Path) -> None:
    (finished / "catalog.sqlite").write_bytes(b"not a database" * 99)
    assert kinds(judge(finished, len(steps()), thorough=False)) == {Kind.UNOPENABLE}


def test_a_corrupt_index_file_is_unclean_in_a_thorough_judgement(finished: Path) -> None:
    for path in (finished / "index").iterdir():
        path.write_bytes(b"damaged")
    assert judge(finished, len(steps()), thorough=False) == []
    assert judge(finished, len(steps()), thorough=True)[0].kind is Kind.UNCLEAN


def test_a_store_that_ends_different_from_one_without_a_fault_is_not_identical(tmp_path: Path) -> None:
    store = with_first_step(tmp_path, label_of)
    assert judge(store, 1, thorough=False) == []
    assert kinds(judge(store, 1, thorough=True)) == {Kind.NOT_IDENTICAL}


def test_a_scratch_folder_is_gone_afterwards() -> None:
    with scratch_folder() as folder:
        (folder / "file").touch()
    assert not folder.exists()


def test_a_tally_counts_every_store_and_keeps_a_few_examples() -> None:
    tally = Tally()
    for number in range(EXAMPLES + 1):
        tally.add({Kind.LOST, Kind.UNCLEAN}, [f"line {number}"])
    tally.add([Kind.UNOPENABLE], [])
    count = EXAMPLES + 1
    assert tally.as_json() == {"lost": count, "wrong_labels": 0, "unopenable": 1, "unclean": count, "not_identical": 0}
    assert tally.bad == 2 * count + 1
    assert tally.examples == [f"line {number}" for number in range(EXAMPLES)]


def modules_loaded_by_a_trial() -> list[str]:
    """Do the work, judge it, and return the modules that this loaded."""
    before = set(sys.modules)
    with scratch_folder() as folder:
        work(folder / "store", lambda _: None)
        findings = judge(folder / "store", len(steps()), thorough=True)
    return sorted({*map(str, findings), *sys.modules} - before)


def test_a_forked_writer_and_judge_load_nothing_that_their_server_could_load_once() -> None:
    with ProcessPoolExecutor(1, fork_context()) as executor:
        assert executor.submit(modules_loaded_by_a_trial).result() == []
