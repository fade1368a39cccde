"""Fixtures for the tests of faults."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from benchmarks.durability.tracing.strace import unavailable
from tests.durability.sandbox import Sandbox


@pytest.fixture
def traced() -> None:
    """Skip the test where system calls cannot be traced, with the reason."""
    if reason := unavailable():
        pytest.skip(f"NOT TESTED HERE: system calls cannot be traced: {reason}")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Yield a child process that opens hostile files."""
    with closing(Sandbox()) as sandbox:
        yield sandbox
