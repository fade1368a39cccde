"""A service in a process of its own, and connections to it that take little time themselves."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchmarkFailed

#: Seconds that an answer may take, and the start; and those before a request is sent again.
_PATIENCE = 300.0
_PAUSE = 0.1


class Connection:
    """A connection that is kept alive; used by one thread."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), _PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def ask(self, request: bytes) -> bytes:
        """Return the body of the answer to a request as it goes over the wire; raise BenchmarkFailed for a problem.

        A request that the service has no time for is sent again: its ten seconds are few on a busy machine.
        """
        deadline = time.monotonic() + _PATIENCE
        while True:
            header, body = self._answer(request)
            if b" 200 " in header[:16]:
                return body
            if b" 503 " not in header[:16] or time.monotonic() > deadline:
                raise BenchmarkFailed(f"expected an answer of the service, got {body[:300]!r}")
            time.sleep(_PAUSE)

    def _answer(self, request: bytes) -> tuple[bytes, bytes]:
        """Return the header, in lower case, and the body of the answer to a request."""
        self._socket.sendall(request)
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._received()
        header = data[:end].lower()
        length = int(header.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(data) < end + 4 + length:
            data += self._received()
        return header, data[end + 4 :]

    def _received(self) -> bytes:
        data = self._socket.recv(1 << 20)
        if not data:
            raise BenchmarkFailed("expected an answer of the service, got the end of the connection")
        return data


@dataclass(frozen=True)
class ServiceProcess:
    """A running service."""

    process: "subprocess.Popen[str]"
    port: int

    def connect(self) -> Connection:
        """Return a new connection."""
        return Connection(self.port)

    def processor_seconds(self) -> float:
        """Return how long processors have worked for the process."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> float:
        """Return the memory that is the process' own, not shared with others, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("RssAnon:")[2].split()[0]) / 1024


@contextmanager
def service_of(store: Path, weights: Path | None = None) -> Iterator[ServiceProcess]:
    """Serve a store, without the explorer, until the end of the block; it has been checked when it is yielded."""
    command = [sys.executable, "-m", "lookalike", "serve", "--store", str(store), "--port", "0", "--no-explorer"]
    if weights is not None:
        command += ["--weights", str(weights)]
    environment = {name: value for name, value in os.environ.items() if name != "LOOKALIKE_API_KEY"}
    with subprocess.Popen(  # noqa: S603 - this very program
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise BenchmarkFailed(f"expected a service, got: {process.stderr.read() if process.stderr else ''}")
            service = ServiceProcess(process, int(line.rpartition(":")[2]))
            with closing(service.connect()) as connection:
                connection.ask(get_request("/readyz"))
            yield service
        finally:
            process.kill()


def get_request(path: str) -> bytes:
    """Return a request of a path."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post_request(path: str, media_type: str, body: bytes) -> bytes:
    """Return a request with a body."""
    lines = (f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {media_type}", f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode() + body
