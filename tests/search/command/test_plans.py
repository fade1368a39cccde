"""`python -m search duplicates --plan` and `apply`: their output, errors and exit status."""

from pathlib import Path

import pytest

from storage import Store
from tests.commands import Command
from tests.search.plans.pictures import picture_store, stored_keys, tree


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return picture_store(tmp_path)


@pytest.fixture
def plan(search: Command, tmp_path: Path, store: Path) -> Path:
    """Return a plan for the store."""
    search.json("duplicates", "--store", store, "--radius", 0.1, "--plan", tmp_path / "plan.csv")
    return tmp_path / "plan.csv"


def test_a_plan_is_shown_then_done_then_taken_back(search: Command, tmp_path: Path, store: Path, plan: Path) -> None:
    before = tree(tmp_path)
    copy, aside = tmp_path / "pictures/a/copy.png", tmp_path / "pictures-removed/a/copy.png"
    size = copy.stat().st_size
    document = {
        "store": str(store),
        "how": "move",
        "dry_run": True,
        "done": 1,
        "bytes": size,
        "left": 0,
        "different": 0,
        "resumed": 0,
        "files": [
            {"line": 3, "path": str(copy), "to": str(aside), "size": size, "before": False, "problem": None},
        ],
    }
    assert search.json("apply", plan) == document
    assert tree(tmp_path) == before
    assert search.json("apply", plan, "--yes") == document | {"dry_run": False}
    assert (copy.exists(), aside.exists()) == (False, True)
    status, out, err = search("apply", plan, "--undo")
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == "1 file would be put back, 0 left alone; run it again with --yes to do so"
    status, out, _ = search("apply", "--undo", "--store", store, "--yes")
    assert (status, out.splitlines()[-1]) == (0, "1 file put back, 0 left alone")
    assert tree(tmp_path) == before


def test_what_only_looks_alike_is_kept_until_a_person_says_otherwise(plan: Path) -> None:
    lines = plan.read_text("utf-8-sig").splitlines()
    assert [line.split(",")[:5] for line in lines[1:]] == [
        ["1", "keep", "", "", "oldest file"],
        ["1", "remove", "identical file", "1.00", "newer file"],
        ["1", "keep", "looks alike", "", "look at it first; newer file"],
    ]


def test_a_plan_for_leaks_keeps_what_the_second_filter_selects(
    search: Command, tmp_path: Path, store: Path, plan: Path
) -> None:
    leaks = ("duplicates", "--store", store, "--radius", 0.1, "--between", "label=a", "label=b", "--force")
    document = search.json(*leaks, "--plan", plan, "--figure", tmp_path / "leaks.png")
    assert document["between"] == {"first": "label=a", "second": "label=b", "items": 2}
    assert (document["items"], document["others"]) == (2, 2)
    assert (tmp_path / "leaks.png").is_file()
    lines = [line.split(",") for line in plan.read_text("utf-8-sig").splitlines()]
    assert [[cells[index] for index in (1, 2, 4, 6)] for cells in lines[1:]] == [
        ["keep", "", "has label=b", "b/near.png"],
        ["keep", "looks alike", "look at it first; has label=a", "a/copy.png"],
        ["keep", "looks alike", "look at it first; has label=a", "a/one.png"],
    ]
    plan.write_text(plan.read_text("utf-8-sig").replace("1,keep,looks alike", "1,remove,looks alike"), "utf-8")
    assert search("apply", plan, "--yes")[0] == 0
    assert set(stored_keys(store)) == {"b/near.png", "b/other.png"}
    assert search("apply", plan, "--undo", "--yes")[0] == 0
    assert set(stored_keys(store)) == {"a/one.png", "a/copy.png", "b/near.png", "b/other.png"}


def test_outliers_are_kept_in_a_plan_until_a_person_sets_them_aside(
    search: Command, tmp_path: Path, store: Path
) -> None:
    plan, before = tmp_path / "outliers.csv", tree(tmp_path)
    document = search.json("outliers", "--store", store, "-k", 1, "--limit", 1, "--plan", plan)
    assert [outlier["key"] for outlier in document["outliers"]] == ["b/other.png"]
    lines = [line.split(",") for line in plan.read_text("utf-8-sig").splitlines()]
    assert [[cells[index] for index in (0, 1, 2, 4, 6)] for cells in lines[1:]] == [
        ["1", "keep", "outlier", f"{document['outliers'][0]['score']:.2f} times as far as usual", "b/other.png"],
    ]
    assert search("apply", plan, "--yes")[:2] == (0, "0 files (0.0 MiB) moved, 0 left alone\n")
    plan.write_text(plan.read_text("utf-8-sig").replace("1,keep,", "1,Set aside,"), "utf-8")
    assert search("apply", plan, "--yes", "--hard-links")[0] == 3
    assert search("apply", plan, "--yes")[0] == 0
    moved = {"pictures/b/other.png": "pictures-removed/b/other.png"}
    assert tree(tmp_path) == {moved.get(path, path): data for path, data in before.items()} | {
        "outliers.csv": plan.read_bytes()
    }
    assert "b/other.png" not in stored_keys(store)
    assert search("apply", plan, "--undo", "--yes")[0] == 0
    assert tree(tmp_path) == before | {"outliers.csv": plan.read_bytes()}
    assert "b/other.png" in stored_keys(store)


def test_between_takes_two_filters_and_no_rule_what_to_keep(search: Command, store: Path) -> None:
    status, out, err = search("duplicates", "--store", store, "--between", "label=a", "label=b", "--keep", "oldest")
    assert (status, out) == (2, "")
    assert "expected --keep without --between, which keeps the items of its second filter" in err


def test_what_is_called_different_is_in_no_group_any_more(search: Command, store: Path, plan: Path) -> None:
    plan.write_text(plan.read_text("utf-8-sig").replace(",remove,", ",different,"), "utf-8")
    status, out, _ = search("apply", plan, "--yes")
    assert (status, out) == (0, "0 files (0.0 MiB) moved, 0 left alone; 2 pairs remembered as different\n")
    assert search.json("duplicates", "--store", store, "--radius", 0.1)["groups"] == []
    search("apply", plan, "--undo", "--yes")
    assert len(search.json("duplicates", "--store", store, "--radius", 0.1)["groups"]) == 1


def test_files_that_are_left_alone_are_told_by_the_exit_status(search: Command, tmp_path: Path, plan: Path) -> None:
    (tmp_path / "pictures/a/copy.png").write_bytes(b"edited since")
    status, out, err = search("apply", plan, "--yes")
    assert (status, err) == (3, "")
    document = search.json("apply", plan, "--yes", status=3)
    assert [file["problem"] for file in document["files"]] == ["it has changed since the plan was made"]
    assert out.splitlines()[-1] == "0 files (0.0 MiB) moved, 1 left alone"


def test_a_plan_that_is_there_is_not_replaced_unasked(search: Command, store: Path, plan: Path) -> None:
    plan.write_text("edited")
    assert search("duplicates", "--store", store, "--radius", 0.1, "--plan", plan) == (
        1,
        "",
        f"error: expected a new file for the plan, got {plan}, which is there already: name another path, or "
        "give --force to replace it\n",
    )
    assert plan.read_text() == "edited"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "expected a plan, or --undo and --store"),
        (["--undo"], "expected a plan, or --undo and --store"),
        (["plan.csv", "--trash", "--hard-links"], "expected at most one of --trash, --hard-links and --undo"),
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(search: Command, options: list[str], message: str) -> None:
    status, out, err = search("apply", *options)
    assert (status, out) == (2, "")
    assert message in err


def test_a_store_that_is_written_to_is_left_alone(search: Command, tmp_path: Path, store: Path, plan: Path) -> None:
    before = tree(tmp_path)
    with Store.open(store, writing=True):
        status, out, err = search("apply", plan, "--yes")
    assert (status, out) == (1, "")
    assert err.startswith(f"error: expected to be the only writer of {store}, got one at work already")
    assert tree(tmp_path) == before
