"""What every command prints with `--json`, and how it ends when it is interrupted or cannot print."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from storage import console


@dataclass(frozen=True)
class _Part:
    count: int


@dataclass(frozen=True)
class _Report:
    name: str
    parts: list[_Part]
    by_label: dict[str, _Part]


@pytest.mark.parametrize(
    "document",
    [
        _Report("ä \ud800", [_Part(1)], {"7": _Part(2)}),
        {"name": "ä \ud800", "parts": [{"count": 1}], "by_label": {"7": {"count": 2}}},
    ],
    ids=["dataclass", "mapping"],
)
def test_a_dataclass_is_printed_as_the_mapping_of_its_fields(
    document: _Report | dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    console.print_json(document)
    assert capsys.readouterr().out == (
        '{\n  "name": "ä \\ud800",\n  "parts": [\n    {\n      "count": 1\n    }\n  ],\n'
        '  "by_label": {\n    "7": {\n      "count": 2\n    }\n  }\n}\n'
    )


def run_command(body: str, output: IO[str], *, unbuffered: bool = False) -> tuple[int, str]:
    """Run a command of one line in a process of its own; return its exit status and its standard error."""
    program = f"""
from storage import console
app = console.command_app("Test")
@app.command()
def main():
    {body}
console.run(app, "test")
"""
    environment = os.environ | {"PYTHONUNBUFFERED": "1" if unbuffered else ""}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, stdout=output, stderr=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stderr


def test_an_interrupted_command_says_that_what_was_acknowledged_is_kept() -> None:
    with Path("/dev/null").open("w") as output:
        assert run_command("raise KeyboardInterrupt", output) == (
            130,
            "interrupted: everything acknowledged so far is kept; run the same command again to go on\n",
        )


@pytest.mark.parametrize("unbuffered", [False, True], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("body", ["console.print_line('many words')", "console.print_json({'a': 1})"])
def test_results_that_cannot_be_printed_are_an_error_of_one_line(body: str, unbuffered: bool) -> None:
    with Path("/dev/full").open("w") as output:
        assert run_command(body, output, unbuffered=unbuffered) == (
            1,
            "error: expected to write the results to standard output, got 'No space left on device': "
            "write them elsewhere\n",
        )


@pytest.mark.parametrize("unbuffered", [False, True], ids=["buffered", "unbuffered"])
def test_a_command_whose_reader_has_exited_ends_without_a_message(unbuffered: bool) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as output:
        assert run_command("console.print_json({'a': 1})", output, unbuffered=unbuffered) == (1, "")
