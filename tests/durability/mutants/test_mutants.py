"""Every mutant of storage is caught by the check that exists for it."""

from pathlib import Path

import pytest

from storage.databases.sqlite_file import PRAGMAS
from storage.files import durable
from tests.durability.mutants.checks import CHECKS
from tests.durability.mutants.invariants import INVARIANTS
from tests.durability.mutants.patches import Patches
from tests.durability.mutants.registry import MUTANTS, Mutant, installed


def test_there_are_many_mutants_and_each_has_a_check() -> None:
    assert len(MUTANTS) >= 20
    assert {mutant.caught_by for mutant in MUTANTS.values()} <= CHECKS.keys()


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_mutant_is_caught_by_its_check(mutant: Mutant) -> None:
    assert CHECKS[mutant.caught_by](mutant) != []


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_mutant_that_was_installed_for_a_block_is_gone_afterwards(mutant: Mutant, tmp_path: Path) -> None:
    with installed(mutant.name):
        pass
    names = [mutant.caught_by] if mutant.caught_by in INVARIANTS else ["one writer", "index of another history"]
    assert [line for name in names for line in INVARIANTS[name](tmp_path / name)] == []


def test_a_patch_of_code_that_does_not_exist_raises_an_error() -> None:
    with pytest.raises(AttributeError, match="sync_folders"):
        Patches().set(durable, "sync_folders", None)
    with pytest.raises(KeyError, match="no_such_pragma"):
        Patches().set_item(PRAGMAS, "no_such_pragma", 1)
    with pytest.raises(AttributeError, match="expected os to have no_such_call"):
        Patches().set_in_module(durable, "os", "no_such_call", None)
