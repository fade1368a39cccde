"""A server that the tests of a run share: its failure is the failure of one test."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Generic, Protocol, TypeVar

import pytest

from tests.servers.processes import Process, ServerNotStarted

#: How often a start is tried: another program may take a port that was free.
_ATTEMPTS = 2


class Server(Protocol):
    """A server that was started."""

    process: Process


ServerT = TypeVar("ServerT", bound=Server)


class SharedServer(Generic[ServerT]):
    """Starts a server for the first test that asks for it, and again after one that left it dead."""

    def __init__(self, name: str, running: Callable[[], AbstractContextManager[ServerT]], exits: ExitStack) -> None:
        self._name = name
        self._running = running
        self._exits = exits
        self._server: ServerT | None = None
        self._failed = False

    def get(self) -> ServerT:
        """Return the running server; fail the first test for which it does not start, and skip the others."""
        if self._failed:
            pytest.skip(f"{self._name} DOES NOT START: one test has failed for it and shows its log")
        try:
            if self._server is None:
                self._server = self._start()
            elif not self._server.process.answers():
                self._server.process.kill()
                self._server.process.start()
                self._server.process.require_ready()
            return self._server
        except ServerNotStarted as error:
            self._failed = True
            failure = str(error)
        pytest.fail(failure, pytrace=False)

    def _start(self) -> ServerT:
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._exits.enter_context(self._running())
            except ServerNotStarted:
                continue
        return self._exits.enter_context(self._running())


@contextmanager
def shared_server(name: str, running: Callable[[], AbstractContextManager[ServerT]]) -> Iterator[SharedServer[ServerT]]:
    """Yield a server that is started when it is asked for; stop it afterwards."""
    with ExitStack() as exits:
        yield SharedServer(name, running, exits)
