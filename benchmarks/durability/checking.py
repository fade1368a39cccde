"""Judge the store that a fault left: what is lost, wrong or unopenable, and whether the work can go on to its end."""

import functools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from benchmarks.durability.workload import steps, trace_of, work, wrong_with
from storage import Store


class Kind(Enum):
    """What is wrong with a store: the worst that it does to its user."""

    LOST = "lost"
    WRONG_LABELS = "wrong_labels"
    UNOPENABLE = "unopenable"
    UNCLEAN = "unclean"
    NOT_IDENTICAL = "not_identical"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a store, in a line."""

    kind: Kind
    line: str


#: How `wrong_with` begins each line. Whatever else it may say one day counts as lost.
_KINDS = {"item ": Kind.WRONG_LABELS, "it does not open": Kind.UNOPENABLE}


def findings(folder: Path, acknowledged: int, *, thorough: bool, seed: int = 0) -> list[Finding]:
    """Return what is wrong with the store in a folder, of which `acknowledged` is the last step known to be done.

    `thorough` also has the store verified and the rest of the work done: it must then be like one that met no fault.
    """
    lines = wrong_with(folder, acknowledged, seed)
    found = [
        Finding(next((_KINDS[start] for start in _KINDS if line.startswith(start)), Kind.LOST), line) for line in lines
    ]
    return found or ([*_unclean(folder), *_after_the_rest(folder, seed)] if thorough else [])


def _unclean(folder: Path) -> list[Finding]:
    """Return what is recorded and does not prove whole, though all answers are right."""
    if not Store.exists_at(folder):
        return []
    try:
        with Store.open(folder) as store:
            lines = store.verify()
    except Exception as error:
        # Whatever keeps a store from being verified is a finding.
        lines = [f"it cannot be verified: {type(error).__name__}: {error}"]
    return [Finding(Kind.UNCLEAN, line) for line in lines]


def _after_the_rest(folder: Path, seed: int) -> list[Finding]:
    """Do the rest of the work and return how the store differs from one that met no fault."""
    try:
        work(folder, lambda _: None, seed)
    except Exception as error:
        # Whatever keeps a writer from going on is a finding.
        return [Finding(Kind.UNOPENABLE, f"the work does not go on: {type(error).__name__}: {error}")]
    if (lines := wrong_with(folder, len(steps(seed)), seed)) or trace_of(folder) != _without_fault(seed):
        return [Finding(Kind.NOT_IDENTICAL, f"the work ends in another store: {lines}")]
    return []


@functools.cache
def _without_fault(seed: int) -> tuple[object, ...]:
    """Return the trace of a store that never met a fault."""
    with scratch() as folder:
        work(folder / "store", lambda _: None, seed)
        return trace_of(folder / "store")


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a temporary folder, in memory where that can be: thousands of stores are made and thrown away in it."""
    memory = Path("/dev/shm")  # noqa: S108
    kept_in = memory if memory.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="lookalike-", dir=kept_in)).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
