"""The model of a disk: what may be left when the power goes, and what must be."""

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


def left(before: Tree, *operations: Operation) -> list[Tree]:
    """Return every distinct state that hundreds of power cuts after the operations leave, in a lasting order."""
    disk, generator = after(list(operations), before), np.random.default_rng(1)
    drawn = [disk.dropped(), disk.kept(), *(disk.torn(generator) for _ in range(400))]
    return in_order([tree for place, tree in enumerate(drawn) if tree not in drawn[:place]])


def in_order(trees: list[Tree]) -> list[Tree]:
    return sorted(trees, key=lambda tree: repr(sorted(tree.items())))


def test_what_was_synced_with_its_name_is_there_after_every_power_cut() -> None:
    operations: list[Operation] = [MakeFolder("s"), SyncFolder("."), Create("s/f", 0), Write(0, 0, A)]
    operations += [SyncFile(0), SyncFolder("s")]
    assert left({}, *operations) == [{"s": None, "s/f": A}]
    assert after(operations, {}).settled


@pytest.mark.parametrize("last", [Create("g", 1), Write(0, 0, B), Resize(0, 3), Unlink("f"), MakeFolder("s")])
def test_a_disk_is_not_settled_while_anything_may_be_lost(last: Operation) -> None:
    assert not after([last], {"f": A}).settled


def test_a_name_whose_folder_was_not_synced_may_be_missing_though_the_file_was_synced() -> None:
    assert left({}, Create("f", 0), Write(0, 0, A), SyncFile(0)) == in_order([{}, {"f": A}])


def test_a_file_in_a_folder_whose_own_name_is_lost_is_lost_with_it() -> None:
    found = left({}, MakeFolder("s"), Create("s/f", 0), SyncFolder("s"))
    assert found == in_order([{}, {"s": None, "s/f": b""}])


def test_bytes_that_were_not_synced_may_be_there_in_part_sector_by_sector() -> None:
    found = left({"f": A + A}, Write(0, 0, B + B))
    assert found == in_order([{"f": A + A}, {"f": A + B}, {"f": B + A}, {"f": B + B}])


def test_a_sector_is_never_torn_within() -> None:
    found = left({"f": A}, Write(0, 100, b"b" * 200))
    assert found == in_order([{"f": A}, {"f": A[:100] + b"b" * 200 + A[300:]}])


def test_a_sector_never_holds_a_later_write_without_an_earlier_one() -> None:
    found = left({"f": A}, Write(0, 0, b"1"), Write(0, 1, b"2"))
    assert found == in_order([{"f": A}, {"f": b"1" + A[1:]}, {"f": b"12" + A[2:]}])


def test_a_file_may_have_its_new_length_without_its_new_bytes_with_zeros_or_garbage_in_their_place() -> None:
    found = [tree["f"] or b"" for tree in left({"f": A}, Write(0, SECTOR, B + B))]
    ends = {data[SECTOR:] for data in found}
    assert {data[:SECTOR] for data in found} == {A}
    assert {len(end) for end in ends} == {0, 2 * SECTOR}
    assert {b"", B + B, ZEROS + ZEROS, ZEROS + B, B + ZEROS} <= ends
    assert any(end and not {end[:SECTOR], end[SECTOR:]} & {ZEROS, B} for end in ends)


def test_what_was_cut_off_a_file_may_still_be_there_until_the_file_is_synced() -> None:
    assert left({"f": A}, Resize(0, 0), SyncFolder(".")) == in_order([{"f": A}, {"f": b""}])
    assert left({"f": A}, Resize(0, 0), SyncFile(0)) == [{"f": b""}]


def test_a_rename_happens_whole_or_not_at_all() -> None:
    before: Tree = {"new": B, "old": A}
    assert left(before, Rename("old", "new")) == in_order([before, {"new": A}])
    assert left(before, Rename("old", "new"), SyncFolder(".")) == [{"new": A}]


def test_a_file_renamed_before_it_was_synced_may_be_empty_or_zeros_under_its_new_name() -> None:
    found = left({}, Create("old", 0), Write(0, 0, A), Rename("old", "new"), SyncFolder("."))
    assert all(tree in found for tree in ({"new": b""}, {"new": ZEROS}, {"new": A}))
    assert all(list(tree) == ["new"] for tree in found)


def test_a_removed_name_may_come_back_until_its_folder_is_synced() -> None:
    assert left({"f": A}, Unlink("f")) == in_order([{"f": A}, {}])
    assert left({"f": A}, Unlink("f"), SyncFolder(".")) == [{}]


def test_of_changes_of_names_any_part_may_be_kept() -> None:
    found = left({"f": A}, Link("f", "g"), Unlink("f"))
    assert found == in_order([{"f": A}, {"g": A}, {"f": A, "g": A}, {}])


def test_a_second_name_shows_what_is_written_to_the_file() -> None:
    assert left({"f": A}, Link("f", "g"), SyncFolder("."), Write(0, 0, B), SyncFile(0)) == [{"f": B, "g": B}]


def test_syncing_one_folder_or_file_does_nothing_for_another() -> None:
    before: Tree = {"g": A, "s": None}
    found = left(before, Create("s/h", 9), SyncFolder("."), Write(0, 0, B), SyncFile(9))
    assert found == in_order(
        [{"g": A, "s": None}, {"g": B, "s": None}, {"g": A, "s": None, "s/h": b""}, {"g": B, "s": None, "s/h": b""}]
    )


@pytest.mark.parametrize("operation", [Acknowledge(3), SyncFile(0), SyncFolder(".")])
def test_saying_and_syncing_change_nothing_by_themselves(operation: Operation) -> None:
    assert left({"f": A}, operation) == [{"f": A}]


def test_the_same_generator_draws_the_same_states() -> None:
    disk = after([Create("f", 0), Write(0, 0, A * 9)], {})
    one, two = (np.random.default_rng(4) for _ in range(2))
    assert [disk.torn(one) for _ in range(20)] == [disk.torn(two) for _ in range(20)]
