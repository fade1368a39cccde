"""Every command on a store, run in this process with the toy network, and what a crafted store may do to it."""

import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ingest import job as ingest_job
from ingest import renew_job, retry_job
from ingest.__main__ import app as ingest_app
from ingest.__main__ import jobs_app
from search import searcher
from search.__main__ import app as search_app
from search.searcher import Searcher
from storage import LookalikeError, Store
from storage.__main__ import app as storage_app
from tests.commands import Command
from tests.toys import TOY, grey, png, toy_backbone, write_greys

#: Longer than any command takes on a busy machine; a hang ends the test.
_SECONDS = 60

#: Commands as words: STORE is the store's folder, DIR the folder beside it with pictures and room for output.
READING = {
    "info": "store info --store STORE --json",
    "by id": "search query --store STORE --id 1 -k 99",
    "by key": "search query --store STORE --key a/2.png",
    "by vector": "search query --store STORE --vector DIR/vector.npy -k 99 --json",
    "by image": "search query --store STORE --image DIR/query.png --figure DIR/neighbours.png --force",
    "by label": "search query --store STORE --id 1 --where label=a",
    "by width": "search query --store STORE --id 1 --where width>=1",
    "duplicates": "search duplicates --store STORE",
    "suspects": "search suspects --store STORE -k 3",
    "map": "search map --store STORE --figure DIR/map.png --force --thumbnails",
    "export to Parquet": "store export DIR/exported.parquet --store STORE --force",
    "export to npz": "store export DIR/exported.npz --store STORE --force",
    "export to FAISS": "store export DIR/exported.faiss --store STORE --force",
    "backup": "store backup DIR/backup --store STORE",
    "migrate": "store migrate --from STORE --to DIR/migrated",
    "status": "jobs status --store STORE",
    "plan": "ingest folder:DIR/pictures --store STORE --dry-run",
}
WRITING = {
    "delete": "store delete --key a/2.png --compact --store STORE",
    "retry": "jobs retry --store STORE",
    "ingest": "ingest folder:DIR/pictures --store STORE",
    "ingest without labels": "ingest folder:DIR/pictures --store STORE --flat",
    "renew": "jobs renew --store STORE",
    "repair": "store repair --store STORE",
    "verify": "store verify --store STORE",
}

#: What reads each table: for many crafted stores this must do.
SHORT = ("info", "by vector", "export to npz", "status")

_APPS = {"store": storage_app, "search": search_app, "jobs": jobs_app, "ingest": ingest_app}

#: More characters than a line of an error has, whatever is in a store.
_LONGEST_LINE = 1000

#: Exit statuses of a command that did its work: all inputs were taken, or some were rejected.
_WORKED = (0, 3)


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit status, and what it wrote to standard error."""

    status: int
    err: str

    @property
    def names_a_problem(self) -> bool:
        """Return whether its last line says what is wrong."""
        *_, last = self.err.splitlines() or [""]
        return len(last) > len("error: ") and len(last) < _LONGEST_LINE


class Matrix:
    """Runs commands on crafted stores in a folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._commands = {name: Command(app, monkeypatch, capsys) for name, app in _APPS.items()}
        monkeypatch.setattr(searcher, "vgg16_factory", lambda _=None: toy_backbone())
        for module in (ingest_job, renew_job, retry_job):
            monkeypatch.setattr(module, "vgg16_factory", lambda *_, **__: toy_backbone())

    def run(self, words: str, store: Path) -> Ended:
        """Run a command; a traceback or a hang fails the test."""
        for name in ("backup", "migrated"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        app, *arguments = words.split()
        with _time_limit(words):
            status, _, err = self._commands[app](
                *(word.replace("STORE", str(store)).replace("DIR", str(self.folder)) for word in arguments)
            )
        ended = Ended(status, err)
        if status not in (*_WORKED, 1) or (status == 1 and not ended.names_a_problem):
            raise AssertionError(f"expected {words} to work or to fail in a line, got {ended}")
        return ended

    def failing(self, store: Path, *, short: bool = False) -> dict[str, str]:
        """Return what the commands that fail on a store say, by the commands' names; those that write get a copy."""
        failing = {}
        for name, words in READING.items():
            if not short or name in SHORT:
                failing[name] = self.run(words, store)
        if not short:
            copy = shutil.copytree(store, store.with_name("copy"), symlinks=True)
            for name, words in WRITING.items():
                failing[name] = self.run(words, copy)
            shutil.rmtree(copy)
            for name, call in _CALLS.items():
                failing[name] = _called(call, store)
        return {name: ended.err for name, ended in failing.items() if ended.status not in _WORKED}


def _items(store: Path) -> None:
    with Store.open(store) as opened:
        opened.items()
        opened.thumbnails(opened.ids().tolist())
        opened.sources(opened.ids().tolist())


def _predict(store: Path) -> None:
    with Searcher.open(store) as opened:
        opened.predict(grey(50))


#: What can be done from code only.
_CALLS: Mapping[str, Callable[[Path], None]] = {"items": _items, "predict": _predict}


def _called(call: Callable[[Path], None], store: Path) -> Ended:
    try:
        call(store)
    except LookalikeError as error:
        return Ended(1, str(error))
    return Ended(0, "")


@contextmanager
def _time_limit(words: str) -> Iterator[None]:
    def end(*_: object) -> None:
        raise AssertionError(f"expected {words} to end")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def write_pictures(folder: Path) -> None:
    """Write pictures to ingest, one of them no picture, and an image and a vector to query with."""
    write_greys(folder / "pictures", {f"{'ab'[number % 2]}/{number}.png": 20 * number for number in range(7)})
    (folder / "pictures/b/broken.png").write_bytes(b"nonsense")
    (folder / "query.png").write_bytes(png(grey(70)))
    np.save(folder / "vector.npy", np.zeros(TOY.dim, np.float32))


def make_store(folder: Path) -> Path:
    """Ingest the pictures of a folder: seven items, the last of them deleted; a rejected input, and an index file."""
    store = folder / "store"
    ingest_job.ingest(f"folder:{folder / 'pictures'}", store, recipe=TOY, make_backbone=toy_backbone(), batch_size=4)
    with Store.open(store, writing=True) as opened:
        opened.delete(ids=[6])
        opened.publish()
    return store
