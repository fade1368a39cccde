"""What is measured in a process of its own comes back: its stages, its result, its errors, and its sudden end."""

import os
from collections.abc import Callable

import pytest

from benchmarks.errors import BenchmarkFailed, UnfitForBenchmark
from benchmarks.measures.subprocess_run import in_own_process


def counted(most: int, on_stage: Callable[[str], None]) -> tuple[int, int]:
    for number in range(most):
        on_stage(f"step {number}")
    return os.getpid(), most


def refused(on_stage: Callable[[str], None]) -> None:
    on_stage("looking")
    raise UnfitForBenchmark("expected more, got less")


def gone(on_stage: Callable[[str], None]) -> None:
    on_stage("going")
    os._exit(7)


def test_stages_and_the_result_come_from_another_process() -> None:
    stages: list[str] = []
    process, most = in_own_process(counted, most=3, on_stage=stages.append)
    assert (process != os.getpid(), most, stages) == (True, 3, ["step 0", "step 1", "step 2"])


def test_an_error_is_raised_here_as_it_was_there() -> None:
    with pytest.raises(UnfitForBenchmark, match="expected more, got less"):
        in_own_process(refused, on_stage=lambda _: None)


def test_a_process_that_ends_before_its_time_is_told_of() -> None:
    with pytest.raises(BenchmarkFailed, match="exit status 7"):
        in_own_process(gone, on_stage=lambda _: None)
