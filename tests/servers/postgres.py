"""A PostgreSQL cluster in a temporary folder, on a socket in it; Debian's package `postgresql` has the programs."""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.processes import Process, ServerNotStarted

_USER = "lookalike"

#: Seconds that a start may take.
_START_TIMEOUT_S = 180.0

_PATTERNS = ("/usr/lib/postgresql/*/bin", "/usr/local/opt/postgresql*/bin", "/opt/homebrew/opt/postgresql*/bin")


def programs() -> Path | None:
    """Return the folder of `initdb` and `postgres`, None where they are not installed."""
    on_path = shutil.which("postgres")
    folders = [Path(on_path).parent] if on_path else []
    folders += sorted(folder for pattern in _PATTERNS for folder in Path("/").glob(pattern.removeprefix("/")))
    return next((folder for folder in reversed(folders) if (folder / "initdb").exists()), None)


class PostgresCluster:
    """A running cluster that trusts everyone who can reach its socket."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._folder = folder
        self._schemas = itertools.count(1)
        options = _process_options(folder)
        data: list[str | Path] = ["-D", folder / "data"]
        initdb = [programs / "initdb", *data, "-U", _USER, "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8"]
        made = subprocess.run(initdb, check=False, capture_output=True, text=True, **options)
        if made.returncode:
            raise ServerNotStarted(f"initdb ended with status {made.returncode}\n{made.stdout}{made.stderr}")
        command = [programs / "postgres", *data, "-k", folder, "-c", "listen_addresses="]
        self.process = Process(
            command,
            folder / "log",
            try_ready=self._ask,
            try_answer=self._ask,
            timeout=_START_TIMEOUT_S,
            **options,
        )
        self.process.start()
        self.process.require_ready()

    def _ask(self) -> None:
        if self.sql("SELECT 1") != [(1,)]:
            raise AssertionError("expected 1")

    def url(self, schema: str | None = None) -> str:
        """Return the URL of a store, in a schema of its own."""
        name = schema or f"store_{next(self._schemas)}"
        return f"postgresql+psycopg://{_USER}@/postgres?host={self._folder}&schema={name}"

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement as another program would, and return its rows."""
        with self._connect() as connection:
            result = connection.execute(statement.encode())
            return result.fetchall() if result.description else []

    def _connect(self) -> Any:
        import psycopg

        return psycopg.connect(
            host=str(self._folder), user=_USER, dbname="postgres", autocommit=True, connect_timeout=10
        )


@contextmanager
def running_postgres(programs: Path) -> Iterator[PostgresCluster]:
    """Start a cluster; stop and remove it afterwards."""
    # A socket's path must be short, and another user must reach it; in memory, where the folders of pytest are.
    parent = os.environ.get("PYTEST_DEBUG_TEMPROOT", "/tmp")
    with tempfile.TemporaryDirectory(prefix="pg-", dir=parent, ignore_cleanup_errors=True) as folder:
        cluster = PostgresCluster(programs, Path(folder))
        try:
            yield cluster
        finally:
            cluster.process.kill()


def _process_options(folder: Path) -> dict[str, Any]:
    """Return the options of PostgreSQL's processes, which refuse to run as root."""
    options: dict[str, Any] = {"cwd": folder, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        options |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    return options
