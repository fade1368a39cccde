"""What must hold of every store, whatever was done to it."""

from pathlib import Path

import pytest

from tests.durability.mutants.invariants import INVARIANTS


@pytest.mark.parametrize("name", INVARIANTS)
def test_nothing_is_found_wrong(name: str, tmp_path: Path) -> None:
    assert INVARIANTS[name](tmp_path / "store") == []
