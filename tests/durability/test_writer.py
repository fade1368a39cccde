"""The writer's process: its command line, and the setup that it calls first."""

import subprocess
from pathlib import Path

import pytest

from benchmarks.durability.processes import environment, run_setup
from benchmarks.durability.writer import Job, parse_job


@pytest.mark.parametrize(
    "job",
    [
        Job(Path("store"), setup=[]),
        Job(Path("store"), 7, ["module:function", "argument", "other"], largest_file=4096),
        Job(Path("store"), setup=[], reading=True, small_cache=True),
    ],
)
def test_the_argument_of_a_job_s_command_is_parsed_to_the_same_job(job: Job) -> None:
    assert parse_job(job.command[3]) == job


def test_a_setup_calls_its_function_with_its_arguments(tmp_path: Path) -> None:
    run_setup(("os:mkdir", str(tmp_path / "folder")))
    assert (tmp_path / "folder").is_dir()


def test_a_writer_started_elsewhere_imports_this_source_tree(tmp_path: Path) -> None:
    setup = ["tests.durability.mutants.registry:install", "row_unchecked"]
    command = Job(tmp_path / "store", setup=setup).command
    result = subprocess.run(command, env=environment(), cwd="/", capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout.splitlines()[-1], result.stderr) == (0, "done", "")
