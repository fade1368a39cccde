"""Servers of tests: one that does not start says why and fails one test, one that was killed is started again."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.errors import exactly
from tests.servers.processes import Process, ServerNotStarted
from tests.servers.shared_server import shared_server

#: Prints a line and ends.
ENDING = "import sys; print('the disk is full'); sys.exit(3)"

#: Writes a file, which is its answer, and goes on.
ANSWERING = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text('hello'); time.sleep(600)"

#: Goes on without an answer.
SILENT = "import time; time.sleep(600)"


class Script:
    """A server that is a script, whose answer is a file."""

    def __init__(self, folder: Path, code: str, timeout: float = 60) -> None:
        self.answer = folder / "answer"
        command = [sys.executable, "-c", code, str(self.answer)]
        ask = self.answer.read_bytes
        self.process = Process(command, folder / "log", try_answer=ask, try_ready=ask, timeout=timeout)


def test_a_server_that_ends_is_noticed_with_its_status_and_log(tmp_path: Path) -> None:
    message = f"{Path(sys.executable).name} did not start: it ended with status 3\nthe disk is full\n"
    with pytest.raises(ServerNotStarted, match=exactly(message)):
        Script(tmp_path, ENDING).process.start()


def test_a_server_that_does_not_answer_in_time_is_killed_and_what_was_tried_last_is_told(tmp_path: Path) -> None:
    server = Script(tmp_path, SILENT, timeout=0)
    reason = f"it was not ready after 0 s, the last attempt failed by FileNotFoundError: .*'{server.answer}'"
    with pytest.raises(ServerNotStarted, match=reason):
        server.process.start()
    assert not server.process.answers()


def test_a_server_that_was_killed_is_started_again_for_the_next_test(tmp_path: Path) -> None:
    @contextmanager
    def running() -> Iterator[Script]:
        server = Script(tmp_path, ANSWERING)
        server.process.start()
        yield server
        server.process.kill()

    with shared_server("THE SCRIPT", running) as shared:
        server = shared.get()
        server.process.kill()
        server.answer.unlink()
        assert shared.get() is server
        assert server.process.answers()
    assert not server.process.answers()


def test_a_server_that_does_not_start_fails_one_test_and_the_others_are_skipped(tmp_path: Path) -> None:
    starts: list[Script] = []

    @contextmanager
    def running() -> Iterator[Script]:
        starts.append(Script(tmp_path, ENDING))
        starts[-1].process.start()
        yield starts[-1]

    with shared_server("THE SCRIPT", running) as shared:
        with pytest.raises(pytest.fail.Exception, match="the disk is full"):
            shared.get()
        for _ in range(2):
            with pytest.raises(pytest.skip.Exception, match=r"^THE SCRIPT DOES NOT START: one test has failed"):
                shared.get()
    assert len(starts) == 2
