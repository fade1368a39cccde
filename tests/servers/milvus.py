"""A Milvus server on the loopback, from the package `milvus`; `make servers` installs it apart from everything else."""

import itertools
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import REPOSITORY
from tests.servers.processes import Process, free_port, running_in

#: The environment's variable that names the program `milvus-server`, if it is not where `make servers` puts it.
PROGRAM = "LOOKALIKE_MILVUS_SERVER"

_INSTALLED = REPOSITORY / ".venv" / "servers" / "bin" / "milvus-server"


def program() -> Path | None:
    """Return the program, None where it is not installed."""
    named = os.environ.get(PROGRAM) or shutil.which("milvus-server") or _INSTALLED
    return Path(named) if Path(named).exists() else None


#: The token that the server accepts.
TOKEN = "root:Milvus"

#: The fixed port of the server's etcd, because of which there can be only one server at a time.
_ETCD_PEER = 2380


class Server:
    """A running server, which requires the token."""

    def __init__(self, folder: Path, milvus: Path) -> None:
        self._collections = itertools.count(1)
        self._port = free_port()
        command: list[str | Path] = [milvus, "--data", folder / "data", "--proxy-port", str(self._port)]
        command += ["--authorization-enabled", "true"]
        self.process = Process(command, folder / "log", self._answers, 120)
        self.process.start()
        # While the ports of a killed server are in TIME_WAIT, `milvus-server` would choose others; `milvus` would not.
        data = folder / "data"
        env = {"DEPLOY_MODE": "STANDALONE", "METRICS_PORT": str(free_port()), "MILVUS_RUN_DIR": str(data / "run")}
        env |= {"LD_LIBRARY_PATH": str(data / "bin"), "PATH": os.environ["PATH"], "HOME": str(data)}
        self.process.use_command([data / "bin" / "milvus", "run", "standalone"], cwd=data, env=env)

    def _answers(self) -> bool:
        import pymilvus

        try:
            client = pymilvus.MilvusClient(uri=self.server, token=TOKEN, timeout=2)
            client.list_collections(timeout=2)
            client.close()
        except pymilvus.MilvusException:
            return False
        return True

    @property
    def server(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def url(self, more: str = "") -> str:
        """Return the URL of a new collection."""
        return f"{self.server}?collection=vectors_{next(self._collections)}{more}"


def is_another_running() -> bool:
    """Return whether another server is running."""
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", _ETCD_PEER)) == 0


@contextmanager
def running_milvus() -> Iterator[Server]:
    """Start a server; stop and remove it afterwards."""
    milvus = program()
    if milvus is None:
        raise FileNotFoundError("milvus-server")
    folder = Path(tempfile.mkdtemp(prefix="milvus-"))
    with running_in(folder, lambda folder: Server(folder, milvus)) as server:
        yield server
