"""What every command prints with `--json`, and how it ends when it is interrupted or cannot print."""

import errno
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from storage import LookalikeError, console
from tests.commands import Command


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0 items"), (1, "1 item"), (2, "2 items"), (70_000, "70,000 items")]
)
def test_a_count_has_its_noun_in_the_right_number(count: int, expected: str) -> None:
    assert console.counted(count, "item") == expected


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


def program(body: str) -> str:
    """Return a program whose only command runs a line."""
    return f"""
from storage import LookalikeError, console
app = console.command_app("Test")
@app.command()
def main():
    {body}
console.run(app, "test")
"""


def run_command(body: str, output: IO[str], *, unbuffered: bool = False) -> tuple[int, str]:
    """Run a command of one line in a process of its own; return its exit status and its standard error."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1" if unbuffered else ""}
    command = [sys.executable, "-c", program(body)]
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


def run_in_shell(body: str, redirections: str, *args: str, encoding: str = "") -> tuple[int, str, str]:
    """Run a command with a shell's redirections; return its exit status, standard output and standard error."""
    command = ["sh", "-c", f'"$@" {redirections}', "sh", sys.executable, "-c", program(body), *args]
    environment = os.environ | ({"PYTHONIOENCODING": encoding} if encoding else {})
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode, done.stdout.decode("latin-1"), done.stderr.decode("latin-1")


UNWRITABLE = "error: expected to write the results to standard output, got '{}': write them elsewhere\n"
CLOSED, FULL = UNWRITABLE.format("Bad file descriptor"), UNWRITABLE.format("No space left on device")
PRINT = "console.print_line('a result')"


@pytest.mark.parametrize(
    ("redirections", "expected"),
    [
        (">&-", (1, "", CLOSED)),
        ("<&-", (0, "a result\n", "")),
        ("2>&-", (0, "a result\n", "")),
        ("2>/dev/full", (0, "a result\n", "")),
        ("<&- >&- 2>&-", (1, "", "")),
        (">/dev/full 2>/dev/full", (1, "", "")),
    ],
)
def test_a_closed_or_full_stream_costs_what_it_would_have_said_and_the_status_only_for_results(
    redirections: str, expected: tuple[int, str, str]
) -> None:
    assert run_in_shell(PRINT, redirections) == expected


def test_messages_alone_are_no_results() -> None:
    assert run_in_shell("console.print_message('told')", "<&- >&-") == (0, "", "told\n")


@pytest.mark.parametrize("redirections", ["2>&-", "2>/dev/full"])
def test_without_standard_error_an_error_still_has_its_exit_status(redirections: str) -> None:
    assert run_in_shell("console.fail('lost')", redirections) == (1, "", "")
    assert run_in_shell("pass", redirections, "--unknown") == (2, "", "")


def test_help_that_cannot_be_printed_is_an_error_of_one_line() -> None:
    assert run_in_shell("pass", ">/dev/full", "--help") == (1, "", FULL)


def test_no_file_gets_the_number_of_a_closed_stream() -> None:
    """What a library prints would be written into it."""
    body = "import os; opened = os.open('/dev/null', os.O_RDONLY); console.print_message(str(opened > 2))"
    assert run_in_shell(body, "<&- >&-") == (0, "", "True\n")


LABELS = "'caf\\xe9 \\u732b \\U0001f431 \\ud800'"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("ascii", r"caf\xe9 \u732b \U0001f431 \ud800"),
        ("latin-1", "caf\xe9 " + r"\u732b \U0001f431 \ud800"),
        ("utf-8", "caf\xe9 \u732b \U0001f431 ".encode().decode("latin-1") + r"\ud800"),
    ],
)
def test_what_an_encoding_cannot_express_is_escaped(encoding: str, expected: str) -> None:
    body = f"console.print_line({LABELS}); console.OUT.print({LABELS})"
    assert run_in_shell(body, "", encoding=encoding) == (0, f"{expected}\n" * 2, "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_json_in_every_encoding(encoding: str) -> None:
    status, out, err = run_in_shell(f"console.print_json({{'label': {LABELS}}})", "", encoding=encoding)
    assert (status, err) == (0, "")
    assert json.loads(out.encode("latin-1").decode(encoding)) == {"label": "caf\xe9 \u732b \U0001f431 \ud800"}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "an allocation that failed"),
        (MemoryError("std::bad_alloc"), "'std::bad_alloc'"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "'[Errno 12] Cannot allocate memory'"),
        (ImportError("lib.so: failed to map segment"), "'lib.so: failed to map segment'"),
        (RuntimeError("can't start new thread"), "'can't start new thread'"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_too_little_memory_is_an_error_of_one_line(
    error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also when what failed was taken for another fault on the way."""
    expected = (
        f"error: expected enough memory for this command, got {reason}: give the process more, or less to do at once\n"
    )

    def fail() -> None:
        raise error

    def fail_otherwise() -> None:
        try:
            raise error
        except Exception as raised:
            raise LookalikeError("expected a file that is intact") from raised

    for command in (fail, fail_otherwise):
        app = console.command_app("Test")
        app.command()(command)
        assert Command(app, monkeypatch, capsys)() == (1, "", expected)


@pytest.mark.parametrize("error", [ImportError("no such module"), RuntimeError("a mistake")])
def test_other_errors_of_these_types_are_not_taken_for_it(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    app = console.command_app("Test")
    app.command()(fail)
    with pytest.raises(type(error)):
        Command(app, monkeypatch, capsys)()
