"""The model of a disk: what may survive a power cut, and what must."""

import numpy as np
import pytest

from benchmarks.durability.power_loss.disk import SECTOR, Disk, Tree
from benchmarks.durability.tracing.operations import (
    Acknowledge,
    Create,
    Link,
    MakeFolder,
    Operation,
    Rename,
    Resize,
    SyncFile,
    SyncFolder,
    Unlink,
    Write,
)

A, B = b"a" * SECTOR, b"b" * SECTOR
ZEROS = bytes(SECTOR)


def after(operations: list[Operation], before: Tree) -> Disk:
    disk = Disk(before)
    for operation in operations:
        disk.apply(operation)
    return disk


def states_after(before: Tree, *operations: Operation) -> list[Tree]:
    """Return every distinct state that hundreds of power cuts after the operations leave, sorted."""
    disk, generator = after(list(operations), before), np.random.default_rng(1)
    drawn = [disk.with_synced_only(), disk.with_everything(), *(disk.draw_torn(generator) for _ in range(400))]
    return sorted_trees([tree for number, tree in enumerate(drawn) if tree not in drawn[:number]])


def sorted_trees(trees: list[Tree]) -> list[Tree]:
    return sorted(trees, key=lambda tree: repr(sorted(tree.items())))


def test_what_was_synced_with_its_name_survives_every_power_cut() -> None:
    operations: list[Operation] = [MakeFolder("s"), SyncFolder("."), Create("s/f", 0), Write(0, 0, A)]
    operations += [SyncFile(0), SyncFolder("s")]
    assert states_after({}, *operations) == [{"s": None, "s/f": A}]


@pytest.mark.parametrize("last", [Create("g", 1), Write(0, 0, B), Resize(0, 3), Unlink("f"), MakeFolder("s")])
def test_a_change_that_was_not_synced_may_be_lost(last: Operation) -> None:
    unchanged: Tree = {"f": A}
    changed = after([last], unchanged).with_everything()
    assert changed != unchanged
    assert all(state in states_after(unchanged, last) for state in (unchanged, changed))


def test_a_name_whose_folder_was_not_synced_may_be_missing_though_the_file_was_synced() -> None:
    assert states_after({}, Create("f", 0), Write(0, 0, A), SyncFile(0)) == sorted_trees([{}, {"f": A}])


def test_a_file_in_a_folder_whose_own_name_is_lost_is_lost_with_it() -> None:
    states = states_after({}, MakeFolder("s"), Create("s/f", 0), SyncFolder("s"))
    assert states == sorted_trees([{}, {"s": None, "s/f": b""}])


def test_bytes_that_were_not_synced_may_survive_in_part_sector_by_sector() -> None:
    states = states_after({"f": A + A}, Write(0, 0, B + B))
    assert states == sorted_trees([{"f": A + A}, {"f": A + B}, {"f": B + A}, {"f": B + B}])


def test_a_sector_is_never_torn_within() -> None:
    states = states_after({"f": A}, Write(0, 100, b"b" * 200))
    assert states == sorted_trees([{"f": A}, {"f": A[:100] + b"b" * 200 + A[300:]}])


def test_a_sector_never_holds_a_later_write_without_an_earlier_one() -> None:
    states = states_after({"f": A}, Write(0, 0, b"1"), Write(0, 1, b"2"))
    assert states == sorted_trees([{"f": A}, {"f": b"1" + A[1:]}, {"f": b"12" + A[2:]}])


def test_a_file_may_have_its_new_length_with_zeros_or_garbage_instead_of_its_new_bytes() -> None:
    contents = [tree["f"] or b"" for tree in states_after({"f": A}, Write(0, SECTOR, B + B))]
    ends = {data[SECTOR:] for data in contents}
    assert {data[:SECTOR] for data in contents} == {A}
    assert {len(end) for end in ends} == {0, 2 * SECTOR}
    assert {b"", B + B, ZEROS + ZEROS, ZEROS + B, B + ZEROS} <= ends
    assert any(end and not {end[:SECTOR], end[SECTOR:]} & {ZEROS, B} for end in ends)


def test_truncated_bytes_may_survive_until_the_file_is_synced() -> None:
    assert states_after({"f": A}, Resize(0, 0), SyncFolder(".")) == sorted_trees([{"f": A}, {"f": b""}])
    assert states_after({"f": A}, Resize(0, 0), SyncFile(0)) == [{"f": b""}]


def test_a_rename_is_atomic() -> None:
    before: Tree = {"new": B, "old": A}
    assert states_after(before, Rename("old", "new")) == sorted_trees([before, {"new": A}])
    assert states_after(before, Rename("old", "new"), SyncFolder(".")) == [{"new": A}]


def test_a_file_renamed_before_it_was_synced_may_be_empty_or_zeros_under_its_new_name() -> None:
    states = states_after({}, Create("old", 0), Write(0, 0, A), Rename("old", "new"), SyncFolder("."))
    assert all(tree in states for tree in ({"new": b""}, {"new": ZEROS}, {"new": A}))
    assert all(list(tree) == ["new"] for tree in states)


def test_a_removed_name_may_come_back_until_its_folder_is_synced() -> None:
    assert states_after({"f": A}, Unlink("f")) == sorted_trees([{"f": A}, {}])
    assert states_after({"f": A}, Unlink("f"), SyncFolder(".")) == [{}]


def test_any_part_of_the_changes_of_names_may_survive() -> None:
    states = states_after({"f": A}, Link("f", "g"), Unlink("f"))
    assert states == sorted_trees([{"f": A}, {"g": A}, {"f": A, "g": A}, {}])


def test_a_second_name_shows_what_is_written_to_the_file() -> None:
    assert states_after({"f": A}, Link("f", "g"), SyncFolder("."), Write(0, 0, B), SyncFile(0)) == [{"f": B, "g": B}]


def test_syncing_one_folder_or_file_does_nothing_for_another() -> None:
    before: Tree = {"g": A, "s": None}
    states = states_after(before, Create("s/h", 9), SyncFolder("."), Write(0, 0, B), SyncFile(9))
    assert states == sorted_trees(
        [{"g": A, "s": None}, {"g": B, "s": None}, {"g": A, "s": None, "s/h": b""}, {"g": B, "s": None, "s/h": b""}]
    )


@pytest.mark.parametrize("operation", [Acknowledge(3), SyncFile(0), SyncFolder(".")])
def test_acknowledging_and_syncing_change_nothing_by_themselves(operation: Operation) -> None:
    assert states_after({"f": A}, operation) == [{"f": A}]


def test_the_same_generator_draws_the_same_states() -> None:
    disk = after([Create("f", 0), Write(0, 0, A * 9)], {})
    first, second = (np.random.default_rng(4) for _ in range(2))
    assert [disk.draw_torn(first) for _ in range(20)] == [disk.draw_torn(second) for _ in range(20)]
