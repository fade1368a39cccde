"""The suite notices bugs that are planted on purpose, each by the check that is there for it."""

from pathlib import Path

import pytest

from storage.databases.sqlite_file import PRAGMAS
from storage.files import durable
from tests.durability.mutants import mutation_testing
from tests.durability.mutants.invariants import INVARIANTS
from tests.durability.mutants.mutation_testing import CHECKS, Caught, CheckSkipped, PlantedReport, planted_bugs_caught
from tests.durability.mutants.patches import Patches
from tests.durability.mutants.registry import BUGS, Bug, planted


def test_there_are_many_bugs_and_each_has_a_check() -> None:
    assert len(BUGS) >= 20
    assert {bug.caught_by for bug in BUGS.values()} <= CHECKS.keys()


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS)
def test_a_planted_bug_is_noticed(bug: Bug) -> None:
    try:
        assert CHECKS[bug.caught_by](bug) != []
    except CheckSkipped as reason:
        pytest.skip(f"NOT TESTED HERE: {reason}")


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS)
def test_a_bug_that_was_planted_for_a_time_is_gone_afterwards(bug: Bug, tmp_path: Path) -> None:
    with planted(bug.name):
        pass
    names = [bug.caught_by] if bug.caught_by in INVARIANTS else ["one writer", "index of another history"]
    assert [line for name in names for line in INVARIANTS[name](tmp_path / name)] == []


def test_a_bug_for_code_that_is_gone_cannot_be_planted() -> None:
    with pytest.raises(AttributeError, match="sync_folders"):
        Patches().set(durable, "sync_folders", None)
    with pytest.raises(KeyError, match="no_such_pragma"):
        Patches().set_item(PRAGMAS, "no_such_pragma", 1)
    with pytest.raises(AttributeError, match="expected os to have no_such_call"):
        Patches().set_in_module(durable, "os", "no_such_call", None)


def test_the_report_tells_caught_missed_and_skipped_bugs_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def skip(_: Bug) -> list[str]:
        raise CheckSkipped("no tool")

    bugs = [Bug(name, f"Do {name}", check, lambda _: None) for name, check in zip("abc", "xyz", strict=True)]
    monkeypatch.setattr(mutation_testing, "BUGS", {bug.name: bug for bug in bugs})
    monkeypatch.setattr(mutation_testing, "CHECKS", {"x": lambda _: ["lost", "more"], "y": lambda _: [], "z": skip})
    report = planted_bugs_caught()
    assert report == PlantedReport(
        caught=(Caught("a", "Do a", "x", "lost"),),
        missed=(Caught("b", "Do b", "y", None),),
        skipped=(("c", "no tool"),),
    )
    assert not report.ok
    assert [column.header for column in report.table().columns] == ["bug", "check", "found"]
