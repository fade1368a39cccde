"""A Milvus server on the loopback interface, from the package `milvus`, which `make servers` installs."""

import itertools
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import REPOSITORY
from tests.servers.processes import Process, free_port

#: The environment variable with the path of `milvus-server`, if it is not where `make servers` installs it.
PROGRAM = "LOOKALIKE_MILVUS_SERVER"

_INSTALLED = REPOSITORY / ".venv" / "servers" / "bin" / "milvus-server"


def program() -> Path | None:
    """Return the path of `milvus-server`, None where it is not installed."""
    path = Path(os.environ.get(PROGRAM) or shutil.which("milvus-server") or _INSTALLED)
    return path if path.exists() else None


#: The token that the server accepts.
TOKEN = "root:Milvus"

#: The fixed port of the server's etcd, which allows only one server at a time.
_ETCD_PEER = 2380


class MilvusServer:
    """A running server, which requires the token."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._collections = itertools.count(1)
        self._port = free_port()
        command: list[str | Path] = [program, "--data", folder / "data", "--proxy-port", str(self._port)]
        command += ["--authorization-enabled", "true"]
        self.process = Process(command, folder / "log", self._answers, 120)
        self.process.start()
        # While the ports of a killed server are in TIME_WAIT, `milvus-server` chooses others; `milvus` does not.
        data = folder / "data"
        env = {"DEPLOY_MODE": "STANDALONE", "METRICS_PORT": str(free_port()), "MILVUS_RUN_DIR": str(data / "run")}
        env |= {"LD_LIBRARY_PATH": str(data / "bin"), "PATH": os.environ["PATH"], "HOME": str(data)}
        self.process.use_command([data / "bin" / "milvus", "run", "standalone"], cwd=data, env=env)

    def _answers(self) -> bool:
        import pymilvus

        try:
            client = pymilvus.MilvusClient(uri=self.uri, token=TOKEN, timeout=2)
            client.list_collections(timeout=2)
            client.close()
        except pymilvus.MilvusException:
            return False
        return True

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def url(self, options: str = "") -> str:
        """Return the URL of a new collection, with options that begin with `&`."""
        return f"{self.uri}?collection=vectors_{next(self._collections)}{options}"


def is_another_running() -> bool:
    """Return whether another server is running."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", _ETCD_PEER)) == 0


@contextmanager
def running_milvus(program: Path) -> Iterator[MilvusServer]:
    """Start a server; stop and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="milvus-", ignore_cleanup_errors=True) as folder:
        server = MilvusServer(program, Path(folder))
        try:
            yield server
        finally:
            server.process.kill()
