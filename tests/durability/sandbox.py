"""A child process that opens hostile files, with limits on time and memory, and canary files around them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from benchmarks.durability.corruption.isolated import Worker, limit_memory
from storage import LookalikeError, NewItem, Store
from storage.transfer.import_export import export_store, import_file
from tests.storage.stores import EMBEDDING

#: How long an operation may take in seconds, and how much memory beyond what the process has, in bytes.
SECONDS = 60.0
MEMORY = 512 * 2**20

#: The hard limit, which protects the machine's memory.
_ADDRESS_SPACE = 4 * 2**30


def _read(store: Store) -> object:
    items = store.items()
    hits = store.nearest(np.zeros(store.dim), 3)
    return [
        items,
        hits,
        store.thumbnails([item.id for item in items]),
        store.sources([item.id for item in items]),
        store.items_of_source("folder:/pictures"),
        store.label_counts(),
        store.content_digests([item.key for item in items]),
        [store.by_key(item.key) for item in items[:2]],
        store.jobs(),
        store.rejects(),
        store.info().as_json(),
        len(store),
        [len(page) for page, _ in store.pages(2)],
        store.next_job(),
    ]


def _export(store: Store) -> None:
    for suffix in (".parquet", ".npz", ".faiss"):
        export_store(store, store.folder.parent / f"exported{suffix}")


def _append(store: Store) -> None:
    store.append([NewItem("appended", b"c", source="folder:/pictures")], np.full((1, store.dim), 3.0))


def _compact(store: Store) -> None:
    store.delete(ids=[0])
    store.compact()


#: Operations on a store that is open for reading, and on one that is open for writing.
READING: dict[str, Callable[[Store], object]] = {
    "read": _read,
    "verify": Store.verify,
    "export": _export,
    "backup": lambda store: store.backup(store.folder.parent / "backup"),
}
WRITING: dict[str, Callable[[Store], object]] = {
    "append": _append,
    "publish": Store.publish,
    "compact": _compact,
    "repair": Store.repair,
}


def _perform(operation: str, path: Path) -> None:
    if operation == "create":
        Store.create(path, EMBEDDING).close()
    elif operation == "import":
        import_file(path, path.parent / "imported", "theirs")
    else:
        with Store.open(path, writing=operation in WRITING) as store:
            (READING | WRITING)[operation](store)


class Sandbox:
    """Runs operations in a child process, which is restarted when one hangs or crashes."""

    def __init__(self) -> None:
        self._worker: Worker | None = None

    def run(self, operation: str, path: Path) -> str:
        """Return the outcome of an operation: "done", "refused: REASON", or what fails the test."""
        self._worker = self._worker or Worker(_serve)
        self._worker.pipe.send((operation, path))
        outcome = str(self._worker.receive(SECONDS))
        if outcome in ("hung", "crashed"):
            self.close()
        return outcome

    def close(self) -> None:
        """End the child."""
        if self._worker is not None:
            self._worker.close()
        self._worker = None


def _serve(requests: Connection) -> None:
    import pyarrow.parquet  # noqa: F401 - its own memory is not that of an operation.

    limit_memory(_ADDRESS_SPACE)
    while True:
        operation, path = requests.recv()
        before = _memory("VmRSS")
        # Reset the peak (VmHWM) that the kernel counts: https://docs.kernel.org/filesystems/proc.html
        Path("/proc/self/clear_refs").write_text("5", "ascii")
        outcome = outcome_of(operation, path)
        taken = _memory("VmHWM") - before
        requests.send(outcome if taken < MEMORY else f"took {taken // 2**20} MiB: {outcome}")


def _memory(name: str) -> int:
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))


def outcome_of(operation: str, path: Path) -> str:
    """Run an operation in this process and return its outcome."""
    try:
        _perform(operation, path)
    except LookalikeError as error:
        return f"refused: {error}"
    except Exception as error:
        return f"failed: {error!r}"
    return "done"


@contextmanager
def canaries(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield a file and a folder with files, and raise AssertionError if they were changed in the block."""
    outside = folder / "outside"
    (outside / "folder").mkdir(parents=True)
    precious = outside / "precious.txt"
    precious.write_bytes(b"precious\n")
    for name in ("new.tmp", "g-000001-0123456789abcdef.faiss", "index.faiss", "notes.txt"):
        (outside / "folder" / name).write_bytes(b"mine\n")
    before = _snapshot(outside)
    yield precious, outside / "folder"
    if _snapshot(outside) != before:
        raise AssertionError(f"expected {before}, got {_snapshot(outside)}")


def _snapshot(folder: Path) -> dict[str, tuple[object, ...]]:
    snapshot: dict[str, tuple[object, ...]] = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        data = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        snapshot[str(path)] = (status.st_mode, status.st_mtime_ns, status.st_size, data)
    return snapshot
