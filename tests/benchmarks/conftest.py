"""Fixtures of the tests of benchmarks."""

from collections.abc import Iterator

import pytest

from benchmarks.measures import latency, recipes


@pytest.fixture(autouse=True, scope="package")
def brief() -> Iterator[None]:
    """Warm up, wait and time for moments only: what is measured here is tried, not reported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latency, "PAUSE", 0.0)
        patch.setattr(latency, "WARM_UP_SECONDS", 0.001)
        patch.setattr(latency, "THREADS_SECONDS", 0.03)
        patch.setattr(recipes, "_TIMED_SECONDS", 0.01)
        yield
