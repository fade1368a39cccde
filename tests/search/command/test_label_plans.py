"""`python -m search suspects --plan` and `apply`: relabelling by a table that people edit."""

from pathlib import Path
from typing import Any

import pytest

from storage import Store
from tests.commands import Command
from tests.search.stores import grey_store

LEVELS = {"a": 0, "b": 2, "c": 5, "d": 200, "e": 202}
LABELS = {"a": "x", "b": "x", "c": "=y", "d": "=y", "e": "=y"}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return grey_store(tmp_path, LEVELS, LABELS)


@pytest.fixture
def plan(search: Command, tmp_path: Path, store: Path) -> Path:
    """Return a plan in which the one issue is to be relabelled."""
    path = tmp_path / "labels.csv"
    search.json("suspects", "--store", store, "-k", 2, "--plan", path)
    path.write_text(path.read_text("utf-8-sig").replace("\nkeep,", "\nrelabel,"), "utf-8", newline="")
    return path


def labels(store: Path) -> dict[str, str | None]:
    with Store.open(store) as opened:
        return {item.key: item.label for item in opened.items()}


def report(store: Path, **fields: Any) -> dict[str, Any]:
    document = {"store": str(store), "how": "relabel", "dry_run": False, "done": 0, "before": 0, "left": 0}
    return document | {"labels": [], "problems": []} | fields


def test_what_is_not_sure_is_kept_until_a_person_says_otherwise(search: Command, tmp_path: Path, store: Path) -> None:
    search.json("suspects", "--store", store, "-k", 2, "--plan", tmp_path / "labels.csv")
    with Store.open(store) as opened:
        digest = opened.by_key("c").content.hex()
    assert (tmp_path / "labels.csv").read_text("utf-8-sig").splitlines() == [
        "action,label,to,sure,margin,key,digest,store",
        f"keep,'=y,x,,1.00,c,sha256:{digest},{store}",
    ]
    assert search.json("apply", tmp_path / "labels.csv", "--yes") == report(store)


def test_a_plan_relabels_and_is_taken_back(search: Command, store: Path, plan: Path) -> None:
    changed = [{"key": "c", "from": "=y", "to": "x"}]
    assert search.json("apply", plan) == report(store, dry_run=True, done=1, labels=changed)
    assert labels(store) == LABELS
    assert search.json("apply", plan, "--yes") == report(store, done=1, labels=changed)
    assert labels(store) == LABELS | {"c": "x"}
    assert search.json("apply", plan, "--yes") == report(store, before=1)
    back = [{"key": "c", "from": "x", "to": "=y"}]
    assert search.json("apply", plan, "--undo", "--yes") == report(store, done=1, labels=back)
    assert labels(store) == LABELS
    with Store.open(store) as opened:
        assert opened.corrections().by_item == {}


def test_an_item_that_has_another_label_by_now_is_left_alone(search: Command, store: Path, plan: Path) -> None:
    with Store.open(store, writing=True) as opened:
        opened.relabel({"c": "z"})
    problem = {"key": "c", "problem": "its label is z by now"}
    assert search.json("apply", plan, "--yes", status=3) == report(store, left=1, problems=[problem])
    status, out, _ = search("apply", plan, "--yes")
    assert (status, out.splitlines()[-1]) == (3, "0 items relabelled, 1 left alone")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\nrelabel,", "\nrename,", "expected relabel or keep in line 2, got 'rename': nothing was done"),
        (",x,", ",,", "expected a label in the column `to` in line 2, got none: write one, or keep"),
        ("sha256:", "", "expected a digest in line 2, sha256: and 64 digits, got"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(
    search: Command, store: Path, plan: Path, old: str, new: str, message: str
) -> None:
    plan.write_text(plan.read_text().replace(old, new), "utf-8", newline="")
    status, out, err = search("apply", plan, "--yes")
    assert (status, out) == (1, "")
    assert err.startswith(f"error: {message}")
    assert labels(store) == LABELS


def test_trash_and_links_are_not_for_labels(search: Command, plan: Path) -> None:
    status, out, err = search("apply", plan, "--trash")
    assert (status, out) == (2, "")
    assert "expected a plan for files with --trash and --hard-links, got one for labels" in err
