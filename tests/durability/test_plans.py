"""Plans that are interrupted anywhere lose no picture, and the same command brings them to their end."""

import json
import os
import subprocess
import sys

import pytest

from benchmarks.durability.processes import ONE_THREAD, environment, scratch_folder
from tests.durability.plan_trials import WORKS
from tests.processes import REPOSITORY


def trials(fault: str, stride: int) -> tuple[dict[str, int], list[str]]:
    """Return how many trials there were of each work, and what was wrong; in a process with one thread that forks."""
    with scratch_folder() as folder:
        command = [sys.executable, "-m", "tests.durability.plan_trials", str(folder), fault, str(stride)]
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            env=os.environ | environment() | ONE_THREAD,
            capture_output=True,
            text=True,
            check=False,
            timeout=850,
        )
    assert done.returncode == 0, done.stderr
    counts, wrong = json.loads(done.stdout)
    return counts, wrong


def test_no_picture_is_lost_when_a_plan_is_killed_at_any_call() -> None:
    counts, wrong = trials("kill", 7)
    assert wrong == []
    assert counts.keys() == {work.name for work in WORKS}
    assert min(counts.values()) > 4


@pytest.mark.parametrize(("error", "stride"), [("EIO", 41), ("ENOSPC", 37), ("EACCES", 31)])
def test_no_picture_is_lost_when_calls_of_a_plan_fail(error: str, stride: int) -> None:
    counts, wrong = trials(error, stride)
    assert wrong == []
    assert min(counts.values()) > 1
