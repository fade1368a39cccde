"""A measurement in a new process returns its stages and result, and reports errors and a sudden end."""

import os
from collections.abc import Callable

import pytest

from benchmarks.errors import BenchmarkFailed, UnfitForBenchmark
from benchmarks.measures.subprocess_run import run_in_subprocess


def count_to(most: int, on_stage: Callable[[str], None]) -> tuple[int, int]:
    for number in range(most):
        on_stage(f"step {number}")
    return os.getpid(), most


def refuse(on_stage: Callable[[str], None]) -> None:
    on_stage("looking")
    raise UnfitForBenchmark("expected more, got less")


def die(on_stage: Callable[[str], None]) -> None:
    on_stage("going")
    os._exit(7)


def test_stages_and_the_result_come_from_a_new_process() -> None:
    stages: list[str] = []
    process, most = run_in_subprocess(count_to, most=3, on_stage=stages.append)
    assert (process != os.getpid(), most, stages) == (True, 3, ["step 0", "step 1", "step 2"])


def test_an_error_of_the_new_process_is_raised_in_this_one() -> None:
    with pytest.raises(UnfitForBenchmark, match="expected more, got less"):
        run_in_subprocess(refuse, on_stage=lambda _: None)


def test_a_process_that_ends_before_it_returns_is_reported() -> None:
    with pytest.raises(BenchmarkFailed, match="exit status 7"):
        run_in_subprocess(die, on_stage=lambda _: None)
