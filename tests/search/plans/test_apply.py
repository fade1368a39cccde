"""What applying a plan does with files and items, what it leaves alone, and taking it back."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from search.curation.different_pairs import different_pairs
from search.errors import PlanRefused
from search.plans.apply import apply_plan
from search.plans.file_spot import FileSpot
from search.plans.journal import How
from search.plans.plan import Action, Plan
from search.plans.report import FileResult
from search.plans.undo import undo
from storage import Store
from tests.search.plans.pictures import picture_store, plan_of, stored_keys, tree

KEEP, REMOVE, DIFFERENT = Action.KEEP, Action.REMOVE, Action.DIFFERENT


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return picture_store(tmp_path)


def applied(plan: Plan, store: Path, how: How = How.MOVE) -> list[FileResult]:
    with Store.open(store, writing=True) as opened:
        return list(apply_plan(plan, opened, how).files)


def undone(store: Path, plan: Plan | None = None) -> list[FileResult]:
    with Store.open(store, writing=True) as opened:
        return list(undo(opened, plan).files)


def problems(results: list[FileResult]) -> dict[str, str | None]:
    return {result.spot.path: result.problem for result in results}


def test_a_dry_run_says_what_would_be_done_and_does_nothing(tmp_path: Path, store: Path) -> None:
    plan = plan_of(tmp_path, {"a/one.png": KEEP, "a/copy.png": REMOVE, "b/near.png": DIFFERENT})
    before = tree(tmp_path)
    with Store.open(store) as opened:
        report = apply_plan(plan, opened, dry_run=True)
    pictures = str(tmp_path / "pictures")
    size = len(before["pictures/a/copy.png"])
    assert report.files == (
        FileResult(FileSpot(pictures, "a/copy.png"), 3, size, FileSpot(pictures + "-removed", "a/copy.png")),
    )
    assert (report.different, report.dry_run) == (1, True)
    assert tree(tmp_path) == before
    assert not (store / "curation").exists()


def test_a_file_to_remove_moves_beside_its_source_and_its_item_is_deleted(tmp_path: Path, store: Path) -> None:
    before = tree(tmp_path)
    plan = plan_of(tmp_path, {"a/one.png": KEEP, "a/copy.png": REMOVE, "b/near.png": REMOVE})
    assert problems(applied(plan, store)) == {"a/copy.png": None, "b/near.png": None}
    removed = {"pictures/a/copy.png", "pictures/b/near.png"}
    moved = {path.replace("pictures/", "pictures-removed/"): before[path] for path in removed}
    assert tree(tmp_path) == {path: data for path, data in before.items() if path not in removed} | moved
    assert stored_keys(store) == {"a/one.png": 1, "b/other.png": 3}


def test_what_was_done_is_taken_back_and_items_come_with_new_ids(tmp_path: Path, store: Path) -> None:
    before, ids = tree(tmp_path), stored_keys(store)
    with Store.open(store) as opened:
        item = opened.by_key("a/copy.png")
        vector, source = opened.vectors([item.id]), opened.sources([item.id])[item.id]
        thumbnail = opened.thumbnails([item.id])[item.id]
    plan = plan_of(tmp_path, {"a/one.png": KEEP, "a/copy.png": REMOVE})
    applied(plan, store)
    assert problems(undone(store)) == {"a/copy.png": None}
    assert tree(tmp_path) == before
    assert not (tmp_path / "pictures-removed").exists()
    assert stored_keys(store) == ids | {"a/copy.png": 4}
    with Store.open(store) as opened:
        again = opened.by_key("a/copy.png")
        assert (again.label, again.metadata, again.content) == (item.label, item.metadata, item.content)
        assert (opened.vectors([4]) == vector).all()
        assert (opened.sources([4]), opened.thumbnails([4])) == ({4: source}, {4: thumbnail})


def test_the_same_plan_again_has_nothing_left_to_do_and_after_its_undo_does_it_again(
    tmp_path: Path, store: Path
) -> None:
    plan = plan_of(tmp_path, {"a/one.png": KEEP, "a/copy.png": REMOVE})
    applied(plan, store)
    moved = tree(tmp_path)
    assert [(result.before, result.done) for result in applied(plan, store)] == [(True, False)]
    assert tree(tmp_path) == moved
    undone(store, plan)
    assert [result.done for result in applied(plan, store)] == [True]
    assert tree(tmp_path) == moved


def test_there_is_nothing_to_take_back_before_a_plan_was_applied_and_after_it_was_taken_back(
    tmp_path: Path, store: Path
) -> None:
    plan = plan_of(tmp_path, {"a/one.png": KEEP, "a/copy.png": REMOVE})
    message = "expected something that {} did to take back, got nothing: apply it first"
    with pytest.raises(PlanRefused) as refused:
        undone(store)
    assert str(refused.value) == message.format("a plan")
    applied(plan, store)
    undone(store, plan)
    with pytest.raises(PlanRefused) as refused:
        undone(store, plan)
    assert str(refused.value) == message.format("this plan")


def test_files_that_are_not_as_the_plan_has_them_are_left_alone(tmp_path: Path, store: Path) -> None:
    plan = plan_of(tmp_path, {"a/one.png": KEEP, "a/copy.png": REMOVE, "b/near.png": REMOVE})
    (tmp_path / "pictures/a/copy.png").write_bytes(b"edited since")
    (tmp_path / "pictures/b/near.png").unlink()
    before, ids = tree(tmp_path), stored_keys(store)
    assert problems(applied(plan, store)) == {
        "a/copy.png": "it has changed since the plan was made",
        "b/near.png": "it is no longer there",
    }
    assert (tree(tmp_path), stored_keys(store)) == (before, ids)


@pytest.mark.parametrize("lost", ["gone", "changed", "a link"])
def test_nothing_of_a_group_is_removed_unless_a_file_to_keep_is_there_as_it_was(
    tmp_path: Path, store: Path, lost: str
) -> None:
    plan = plan_of(tmp_path, {"a/one.png": KEEP, "a/copy.png": REMOVE})
    kept = tmp_path / "pictures/a/one.png"
    if lost == "changed":
        kept.write_bytes(b"edited since")
    else:
        kept.unlink()
    if lost == "a link":
        kept.symlink_to("copy.png")
    before = tree(tmp_path)
    assert problems(applied(plan, store)) == {"a/copy.png": "no file to keep of its group is there as the plan has it"}
    assert tree(tmp_path) == before


def test_a_file_is_set_aside_though_nothing_of_its_group_is_kept(tmp_path: Path, store: Path) -> None:
    plan = plan_of(tmp_path, {"b/other.png": Action.SET_ASIDE})
    assert problems(applied(plan, store, How.LINK)) == {"b/other.png": "it is to be set aside, not to become a link"}
    assert problems(applied(plan, store)) == {"b/other.png": None}
    assert "pictures-removed/b/other.png" in tree(tmp_path)
    assert set(stored_keys(store)) == {"a/one.png", "a/copy.png", "b/near.png"}


def test_two_names_of_one_file_are_left_alone(tmp_path: Path, store: Path) -> None:
    copy = tmp_path / "pictures/a/copy.png"
    copy.unlink()
    os.link(tmp_path / "pictures/a/one.png", copy)
    plan = plan_of(tmp_path, {"a/one.png": KEEP, "a/copy.png": REMOVE})
    message = f"it is one file with {tmp_path}/pictures/a/one.png already"
    for how in (How.MOVE, How.LINK):
        assert problems(applied(plan, store, how)) == {"a/copy.png": message}
    assert copy.stat().st_nlink == 2


@pytest.mark.parametrize("linked", ["a/copy.png", "a"])
def test_no_link_is_followed_out_of_the_source(tmp_path: Path, store: Path, linked: str) -> None:
    plan = plan_of(tmp_path, {"b/near.png": KEEP, "a/copy.png": REMOVE})
    outside = tmp_path / "outside"
    path = tmp_path / "pictures" / linked
    path.rename(outside)
    path.symlink_to(outside)
    before = tree(tmp_path)
    assert problems(applied(plan, store)) == {"a/copy.png": "a link leads to it"}
    assert tree(tmp_path) == before


def test_a_file_that_is_aside_already_is_never_overwritten(tmp_path: Path, store: Path) -> None:
    aside = tmp_path / "pictures-removed/a/copy.png"
    aside.parent.mkdir(parents=True)
    aside.write_bytes(b"of an earlier time")
    aside.with_name("copy (2).png").symlink_to("nothing")
    before = tree(tmp_path)
    plan = plan_of(tmp_path, {"a/one.png": KEEP, "a/copy.png": REMOVE})
    (result,) = applied(plan, store)
    assert result.target == FileSpot(str(tmp_path / "pictures-removed"), "a/copy (3).png")
    assert aside.read_bytes() == b"of an earlier time"
    undone(store)
    assert tree(tmp_path) == before


def test_a_picture_that_took_a_files_place_stays_when_a_plan_is_taken_back(tmp_path: Path, store: Path) -> None:
    plan = plan_of(tmp_path, {"a/one.png": KEEP, "a/copy.png": REMOVE})
    applied(plan, store)
    (tmp_path / "pictures/a/copy.png").write_bytes(b"a new picture")
    before = tree(tmp_path)
    assert problems(undone(store)) == {"a/copy.png": "there is a file in its place"}
    assert tree(tmp_path) == before
    (tmp_path / "pictures/a/copy.png").unlink()
    assert problems(undone(store)) == {"a/copy.png": None}


def test_one_file_that_is_named_in_two_ways_is_refused(tmp_path: Path, store: Path) -> None:
    (tmp_path / "way").symlink_to("pictures")
    plan = plan_of(tmp_path, {"a/one.png": KEEP, "a/copy.png": REMOVE})
    other = plan_of(tmp_path, {"a/copy.png": KEEP}).rows
    twice = replace(plan, rows=(*plan.rows, replace(other[0], root=str(tmp_path / "way"), line=4)))
    with pytest.raises(PlanRefused) as refused:
        applied(twice, store)
    assert str(refused.value) == (
        "expected each file once, got a/copy.png in lines 3 and 4, in a folder that is named in two ways: leave one of "
        "the two"
    )


def test_identical_files_become_links_and_files_of_their_own_again(tmp_path: Path, store: Path) -> None:
    one, copy, near = (tmp_path / "pictures" / key for key in ("a/one.png", "a/copy.png", "b/near.png"))
    copy.chmod(0o640)
    os.utime(copy, ns=(10**18, 10**18))
    before, ids = tree(tmp_path), stored_keys(store)
    plan = plan_of(tmp_path, {"a/one.png": KEEP, "a/copy.png": REMOVE, "b/near.png": REMOVE})
    assert problems(applied(plan, store, How.LINK)) == {
        "a/copy.png": None,
        "b/near.png": "no file to keep of its group has the same bytes",
    }
    assert copy.samefile(one)
    assert (tree(tmp_path), stored_keys(store)) == (before, ids)
    assert problems(undone(store)) == {"a/copy.png": None}
    assert not copy.samefile(one)
    assert (copy.stat().st_mode & 0o777, copy.stat().st_mtime_ns, near.stat().st_nlink) == (0o640, 10**18, 1)
    assert (tree(tmp_path), stored_keys(store)) == (before, ids)


def test_the_trash_is_searched_when_a_plan_is_taken_back(
    tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from send2trash import plat_other

    data = tmp_path / "data"
    monkeypatch.setenv("XDG_DATA_HOME", str(data))
    monkeypatch.setattr("send2trash.send2trash", plat_other.send2trash)
    monkeypatch.setattr(plat_other, "XDG_DATA_HOME", os.fsencode(data))
    monkeypatch.setattr(plat_other, "HOMETRASH_B", os.fsencode(data / "Trash"))
    monkeypatch.setattr(plat_other, "get_dev", lambda _: 0)
    before, ids = tree(tmp_path), stored_keys(store)
    plan = plan_of(tmp_path, {"a/one.png": KEEP, "a/copy.png": REMOVE})
    assert problems(applied(plan, store, How.TRASH)) == {"a/copy.png": None}
    assert (data / "Trash/files/copy.png").read_bytes() == before["pictures/a/copy.png"]
    assert stored_keys(store).keys() == ids.keys() - {"a/copy.png"}
    assert problems(undone(store)) == {"a/copy.png": None}
    assert tree(tmp_path) == before
    assert stored_keys(store).keys() == ids.keys()
    applied(plan, store, How.TRASH)
    (data / "Trash/files/copy.png").unlink()
    assert problems(undone(store)) == {"a/copy.png": "it is not in the trash any more: restore it by hand"}


def test_pairs_called_different_are_remembered_until_the_plan_is_taken_back(tmp_path: Path, store: Path) -> None:
    plan = plan_of(tmp_path, {"a/one.png": KEEP, "a/copy.png": DIFFERENT, "b/near.png": KEEP})
    assert applied(plan, store) == []
    one, copy, near = (row.digest for row in plan.rows)
    expected = {frozenset((one, copy)), frozenset((copy, near))}
    with Store.open(store) as opened:
        assert different_pairs(opened) == expected
    undone(store)
    with Store.open(store) as opened:
        assert different_pairs(opened) == frozenset()


def test_an_item_whose_row_was_compacted_comes_back_with_the_next_job(tmp_path: Path, store: Path) -> None:
    plan = plan_of(tmp_path, {"a/one.png": KEEP, "a/copy.png": REMOVE})
    applied(plan, store)
    with Store.open(store, writing=True) as opened:
        opened.compact()
        report = undo(opened)
    assert report.summary() == ("1 file put back, 0 left alone; 1 item comes back with the next `lookalike ingest`")
    assert (tmp_path / "pictures/a/copy.png").is_file()
