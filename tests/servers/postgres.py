"""A PostgreSQL cluster in a temporary folder, on a socket in it; Debian's package `postgresql` brings the programs."""

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

from tests.servers.processes import Process, running_in

_USER = "lookalike"
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/local/opt/postgresql*/bin", "/opt/homebrew/opt/postgresql*/bin")


def programs() -> Path | None:
    """Return the folder that has `initdb` and `postgres`, None where they are not installed."""
    found = shutil.which("postgres")
    places = [Path(found).parent] if found else []
    places += sorted(path for place in _PLACES for path in Path("/").glob(place.removeprefix("/")))
    return next((place for place in reversed(places) if (place / "initdb").exists()), None)


class Cluster:
    """A running cluster that trusts everyone who can reach its socket."""

    def __init__(self, folder: Path, bin: Path) -> None:
        self._folder = folder
        self._schemas = itertools.count(1)
        how = _as_nobody(folder)
        subprocess.run(
            [
                bin / "initdb",
                "-D",
                folder / "data",
                "-U",
                "lookalike",
                "--auth=trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            **how,
        )
        command: list[str | Path] = [bin / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses="]
        self.process = Process(command, folder / "log", self._answers, 60, **how)
        self.process.start()

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(host=str(self._folder), user=_USER, dbname="postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def url(self, schema: str | None = None) -> str:
        """Return the URL of a store, in a schema of its own."""
        name = schema or f"store_{next(self._schemas)}"
        return f"postgresql+psycopg://{_USER}@/postgres?host={self._folder}&schema={name}"

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement as another program would, and return its rows."""
        import psycopg

        with psycopg.connect(host=str(self._folder), user=_USER, dbname="postgres", autocommit=True) as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []


@contextmanager
def running_postgres() -> Iterator[Cluster]:
    """Give a cluster that is gone afterwards."""
    bin = programs()
    if bin is None:
        raise FileNotFoundError("postgres")
    # A socket's path must be short, and another user must reach it.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    with running_in(folder, lambda place: Cluster(place, bin)) as cluster:
        yield cluster


def _as_nobody(folder: Path) -> dict[str, Any]:
    """Return how to run PostgreSQL, which refuses to run as root."""
    how: dict[str, Any] = {"cwd": folder, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        how |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    return how
