"""Check the files that an interrupted writer leaves behind, and read all tables and files of a store."""

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.durability.findings import Finding, Kind
from benchmarks.durability.workload import DIM, steps
from storage import Store
from storage.nearest.faiss_flat import HEADER_SIZE, FaissFlat

#: The steps of the work that write a new file for other tools.
_PUBLISHING = ("publish", "compact")


def unclean_findings(folder: Path, acknowledged: int, seed: int = 0) -> list[Finding]:
    """Return what is wrong with the files that an interrupted writer left, even if all answers are right.

    `verify` must find nothing, and the file for other tools must be the last one published or, from the step under
    way, the next. Not for stores whose files were corrupted on purpose.
    """
    if not Store.exists_at(folder):
        return []
    try:
        with Store.open(folder) as store:
            problems = store.verify()
    except Exception as error:
        return [Finding(Kind.UNCLEAN, f"it cannot be verified: {type(error).__name__}: {error}")]
    allowed: list[bytes | None] = [None]
    for number, step in enumerate(steps(seed)[: acknowledged + 1], start=1):
        if step.name in _PUBLISHING:
            vectors = b"".join(vector for _, (_, vector) in sorted(step.expected.items()))
            allowed = [vectors] if number <= acknowledged else [*allowed, vectors]
    if _published_vectors(folder) not in allowed:
        problems.append("index.faiss is not what was published last")
    return [Finding(Kind.UNCLEAN, problem) for problem in problems]


def _published_vectors(folder: Path) -> bytes | None:
    """Return the vectors in the file for other tools: None when there is no file, no bytes when it is torn."""
    path = folder / "index.faiss"
    if not path.exists():
        return None
    with path.open("rb", buffering=0) as file:
        index = FaissFlat.read(file, DIM, (path.stat().st_size - HEADER_SIZE) // (4 * DIM), lambda _: None)
    return b"" if index is None else index.vectors().tobytes()


def tables_and_files(folder: Path) -> dict[str, object]:
    """Return every row of every table of a store, sorted, and the bytes of every other file.

    The lock is excluded, since it names the process that held it last.
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
