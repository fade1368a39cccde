"""A child process that opens hostile files, with limits on time and memory, and canary files around them."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from benchmarks.durability.corruption.isolated import limit_memory
from storage import LookalikeError, NewItem, Store
from storage.transfer.import_export import export_store, import_file

#: How long an operation may take in seconds, and how much memory beyond what the process has, in bytes.
SECONDS = 60.0
MEMORY = 512 * 2**20

#: The hard limit, which protects the machine's memory.
_ADDRESS_SPACE = 4 * 2**30


def _read(folder: Path) -> object:
    with Store.open(folder) as store:
        items = store.items()
        hits = store.nearest(np.zeros(store.dim), 3)
        return [
            items,
            hits,
            store.thumbnails([item.id for item in items]),
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


def _verify(folder: Path) -> object:
    with Store.open(folder) as store:
        return store.verify()


def _append(folder: Path) -> object:
    with Store.open(folder, writing=True) as store:
        return store.append([NewItem("appended", b"c")], np.full((1, store.dim), 3.0))


def _publish(folder: Path) -> None:
    with Store.open(folder, writing=True) as store:
        store.publish()


def _compact(folder: Path) -> None:
    with Store.open(folder, writing=True) as store:
        store.delete(ids=[0])
        store.compact()


def _repair(folder: Path) -> object:
    with Store.open(folder, writing=True) as store:
        return store.repair()


def _create(folder: Path) -> None:
    from tests.storage.stores import EMBEDDING

    Store.create(folder, EMBEDDING).close()


def _backup(folder: Path) -> None:
    with Store.open(folder) as store:
        store.backup(folder.parent / "backup")


def _export(folder: Path) -> object:
    with Store.open(folder) as store:
        return [export_store(store, folder.parent / f"exported{suffix}") for suffix in (".parquet", ".npz", ".faiss")]


def _import(file: Path) -> object:
    return import_file(file, file.parent / "imported", "theirs")


OPERATIONS: dict[str, Callable[[Path], object]] = {
    "read": _read,
    "verify": _verify,
    "export": _export,
    "backup": _backup,
    "append": _append,
    "publish": _publish,
    "compact": _compact,
    "repair": _repair,
    "create": _create,
    "import": _import,
}


class Sandbox:
    """Runs operations in a child process, which is restarted when one hangs or crashes."""

    def __init__(self) -> None:
        self._child: multiprocessing.process.BaseProcess | None = None
        self._results: Connection | None = None

    def run(self, operation: str, path: Path) -> str:
        """Return the outcome of an operation: "done", "refused: REASON", or what fails the test."""
        if self._results is None:
            self._start()
        results = self._results
        if results is None:
            raise AssertionError("no child process")
        results.send((operation, path))
        outcome = "hung"
        try:
            if results.poll(SECONDS):
                outcome = str(results.recv())
        except EOFError:
            outcome = "crashed"
        if outcome in ("hung", "crashed"):
            self.close()
        return outcome

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._results, child_end = context.Pipe()
        self._child = context.Process(target=_serve, args=(child_end,), daemon=True)
        self._child.start()
        child_end.close()

    def close(self) -> None:
        """End the child."""
        if self._child is not None and self._results is not None:
            self._child.kill()
            self._child.join()
            self._results.close()
        self._child = self._results = None


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
        OPERATIONS[operation](path)
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
