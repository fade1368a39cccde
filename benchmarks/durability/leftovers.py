"""What must be whole after a writer was stopped, beyond right answers, and what one that went on must end with."""

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.durability.workload import DIM, steps
from storage import Store
from storage.nearest.faiss_flat import HEADER_SIZE, FaissFlat

#: The steps of the work that write a new file for other tools.
PUBLISHING = ("publish", "compact")


def unclean_after(folder: Path, acknowledged: int, seed: int = 0) -> list[str]:
    """Return what an interrupted writer must not leave though all answers are right; empty when nothing is.

    All that is recorded must prove whole, and the file that other tools read must be the last one published or, from
    the step under way, the next. Not for stores whose files were damaged on purpose.
    """
    if not Store.exists_at(folder):
        return []
    try:
        with Store.open(folder) as store:
            problems = store.verify()
    except Exception as error:
        return [f"it cannot be verified: {type(error).__name__}: {error}"]
    allowed: list[bytes | None] = [None]
    for number, step in enumerate(steps(seed)[: acknowledged + 1], start=1):
        if step.name in PUBLISHING:
            vectors = b"".join(vector for _, (_, vector) in sorted(step.held.items()))
            allowed = [vectors] if number <= acknowledged else [*allowed, vectors]
    if _published(folder) not in allowed:
        problems.append("index.faiss is not what was published last")
    return problems


def _published(folder: Path) -> bytes | None:
    """Return the vectors of the file that other tools read: None when there is none, no bytes when it is torn."""
    path = folder / "index.faiss"
    if not path.exists():
        return None
    with path.open("rb", buffering=0) as file:
        index = FaissFlat.read(file, DIM, (path.stat().st_size - HEADER_SIZE) // (4 * DIM), lambda _: None)
    return b"" if index is None else index.vectors().tobytes()


def state_of(folder: Path) -> dict[str, object]:
    """Return all that lies in a store's folder: every row of every table, and every other file's bytes.

    Left out are the lock, which names its last holder's process, and the order of the rows on the catalog's pages.
    """
    with closing(sqlite3.connect(f"file:{folder / 'catalog.sqlite'}?mode=ro", uri=True)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        tables = {name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr) for name in sorted(names)}  # noqa: S608
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("catalog.sqlite", "writer.lock")
    }
    return {"tables": tables, "files": files}
