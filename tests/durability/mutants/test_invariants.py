"""The invariants hold of every store that has no mutant's bug."""

from pathlib import Path

import pytest

from tests.durability.mutants.invariants import INVARIANTS


@pytest.mark.parametrize("name", INVARIANTS)
def test_an_invariant_holds(name: str, tmp_path: Path) -> None:
    assert INVARIANTS[name](tmp_path / "store") == []
