"""A Milvus server on the loopback interface, from the package `milvus`, which `make servers` installs and unpacks."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.processes import REPOSITORY
from tests.servers.processes import Process, free_port

_UNPACKED = REPOSITORY / ".venv" / "servers" / "milvus"

#: The token that the server accepts.
TOKEN = "root:Milvus"

#: Seconds that a start may take: 7 on two processors that 20 other processes want, minutes where the disk is slow.
_START_TIMEOUT_S = 300.0

#: Seconds that a call may take while the server is asked whether it is ready.
_CALL_TIMEOUT_S = 10.0

#: The settings that are ports, by the names of the environment's variables.
_PORTS = (
    "METRICS_PORT",
    "PROXY_INTERNALPORT",
    "ROOTCOORD_PORT",
    "DATACOORD_PORT",
    "QUERYCOORD_PORT",
    "DATANODE_PORT",
    "INDEXNODE_PORT",
    "QUERYNODE_PORT",
)


def programs() -> Path | None:
    """Return the folder of the server's programs, None where they are not installed."""
    return _UNPACKED if (_UNPACKED / "bin" / "milvus").exists() else None


class MilvusServer:
    """A running server, which requires the token."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._collections = itertools.count(1)
        self._port = free_port()
        shutil.copytree(programs / "configs", folder / "configs")
        self.process = Process(
            [programs / "bin" / "milvus", "run", "standalone"],
            folder / "log",
            try_ready=self._store_and_find,
            try_answer=self._list_collections,
            timeout=_START_TIMEOUT_S,
            cwd=folder,
            env=_settings(folder, self._port) | {"LD_LIBRARY_PATH": str(programs / "bin"), "PATH": os.environ["PATH"]},
        )
        self.process.start()
        self.process.require_ready()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def url(self, options: str = "") -> str:
        """Return the URL of a new collection, with options that begin with `&`."""
        return f"{self.uri}?collection=vectors_{next(self._collections)}{options}"

    def _store_and_find(self) -> None:
        """Store a vector and find it: collections can be listed seconds before there is a node that loads them."""
        name, vector = f"ready_{next(self._collections)}", [1.0, 2.0]
        with closing(self._client()) as client:
            client.create_collection(name, len(vector), metric_type="L2", timeout=_CALL_TIMEOUT_S)
            client.insert(name, {"id": 1, "vector": vector}, timeout=_CALL_TIMEOUT_S)
            found = client.search(name, [vector], consistency_level="Strong", timeout=_CALL_TIMEOUT_S)
            client.drop_collection(name, timeout=_CALL_TIMEOUT_S)
        if [hit["id"] for hit in found[0]] != [1]:
            raise AssertionError(f"expected the vector that was stored, found {found}")

    def _list_collections(self) -> None:
        with closing(self._client()) as client:
            client.list_collections(timeout=_CALL_TIMEOUT_S)

    def _client(self) -> Any:
        import pymilvus

        return pymilvus.MilvusClient(uri=self.uri, token=TOKEN, timeout=_CALL_TIMEOUT_S)


def _settings(folder: Path, port: int) -> dict[str, str]:
    """Return the settings of a server whose files are in a folder; it reads them from the environment."""
    client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    # Without waiting for the disk, which can be busy with what was just installed: where flushing takes 2 s, the
    # server's etcd gives up before it is ready. Killed servers lose nothing by it, only power cuts would.
    etcd = {
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"default={peer}",
        "unsafe-no-fsync": "true",
    }
    (folder / "etcd.yaml").write_text("".join(f"{name}: {value}\n" for name, value in etcd.items()))
    return {
        "DEPLOY_MODE": "STANDALONE",
        "MILVUS_RUN_DIR": str(folder / "run"),
        "HOME": str(folder),
        "COMMON_SECURITY_AUTHORIZATIONENABLED": "true",
        "ETCD_CONFIG_PATH": str(folder / "etcd.yaml"),
        "ETCD_ENDPOINTS": client.removeprefix("http://"),
        "ETCD_DATA_DIR": str(folder / "etcd"),
        "ETCD_LOG_PATH": "stderr",
        "LOCALSTORAGE_PATH": str(folder / "storage"),
        "ROCKSMQ_PATH": str(folder / "rocksmq"),
        "PROXY_PORT": str(port),
        **{name: str(free_port()) for name in _PORTS},
    }


@contextmanager
def running_milvus(programs: Path) -> Iterator[MilvusServer]:
    """Start a server; stop and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="milvus-", ignore_cleanup_errors=True) as folder:
        server = MilvusServer(programs, Path(folder))
        try:
            yield server
        finally:
            server.process.kill()
