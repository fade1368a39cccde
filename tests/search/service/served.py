"""A service in a process of its own, with a socket."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.processes import REPOSITORY

#: Serves a store as a line of JSON on its command line says, if that is wanted with a toy for a network.
_SERVE = """
import json, sys
from search.service import serve as service
from search.service.bounds import Bounds
from tests.toys import toy_backbone
asked = json.loads(sys.argv[1])
if asked.pop("toy"):
    service.vgg16_factory = lambda _: toy_backbone()
bounds = Bounds(**asked.pop("bounds"))
service.serve(service.ServiceOptions(**asked), lambda address: print(address, flush=True), bounds)
"""

#: A process under load may take its time; what waits longer has failed.
PATIENCE = 60.0


@dataclass
class Served:
    """A running service: its process, its port, and the file of its standard error."""

    process: "subprocess.Popen[str]"
    port: int
    errors: IO[str]

    def connect(self) -> socket.socket:
        """Return a new connection."""
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def get(self, path: str) -> tuple[int, Any]:
        """Return the status and JSON of a path."""
        return self.request("GET", path)

    def search(self, request: dict[str, Any]) -> tuple[int, Any]:
        """Return the status and JSON of a search."""
        return self.request("POST", "/v1/search", json.dumps(request), {"Content-Type": "application/json"})

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Return the status and JSON of a request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def wait_until_ready(self) -> None:
        """Wait until the store has been checked."""
        self.wait_for("/readyz", 200)

    def wait_for(self, path: str, status: int) -> None:
        """Wait until a path has this status."""
        deadline = time.monotonic() + PATIENCE
        while (got := self.get(path)[0]) != status:
            assert time.monotonic() < deadline, f"{path} still has the status {got}"
            time.sleep(0.02)


def said(errors: IO[str]) -> str:
    """Return what a process has written to this file."""
    errors.seek(0)
    return errors.read()


@contextmanager
def served(
    store: Path,
    port: int = 0,
    connections: int = 256,
    *,
    seconds: float = PATIENCE,
    explorer: bool = False,
    api_key: str | None = None,
    toy: bool = False,
) -> Iterator[Served]:
    """Serve a store in another process until the end of the block; `seconds` is the time for all that has one.

    On a machine under load an answer may take seconds: only a test of such a time makes it short.
    """
    asked = {
        "store": str(store),
        "port": port,
        "refresh_seconds": 0.1,
        "explorer": explorer,
        "api_key": api_key,
        "toy": toy,
        "bounds": {"seconds": seconds, "connections": connections},
    }
    command = [sys.executable, "-c", _SERVE, json.dumps(asked)]
    # Not a pipe, which nobody reads: a service that refuses thousands would wait for it once it is full.
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            address = process.stdout.readline()
            assert address, said(errors)
            service = Served(process, int(address.rpartition(":")[2]), errors)
            # It listens from the start, and answers once the event loop runs.
            service.wait_for("/livez", 200)
            yield service
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
