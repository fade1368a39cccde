"""What the tests of faults share."""

import pytest

from benchmarks.durability.tracing.strace import unavailable


@pytest.fixture
def traced() -> None:
    """Skip the test, and say why, where system calls cannot be traced."""
    if reason := unavailable():
        pytest.skip(f"NOT TESTED HERE: system calls cannot be traced: {reason}")
