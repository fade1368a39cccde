"""Fixtures for the tests of faults."""

import pytest

from benchmarks.durability.tracing.strace import unavailable


@pytest.fixture
def traced() -> None:
    """Skip the test where system calls cannot be traced, with the reason."""
    if reason := unavailable():
        pytest.skip(f"NOT TESTED HERE: system calls cannot be traced: {reason}")
