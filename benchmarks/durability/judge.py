"""Judge the store that a fault left: what is lost, wrong or unopenable, and whether the work can go on to its end."""

import functools
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from benchmarks.durability.leftovers import state_of, unclean_after
from benchmarks.durability.workload import steps, trace_of, work, wrong_with

#: A digest of each part of a store that must be the same in all that did the work to its end.
Digests = dict[str, str]


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


def findings(
    folder: Path, acknowledged: int, *, thorough: bool, seed: int = 0, expected: Digests | None = None
) -> list[Finding]:
    """Return what is wrong with the store in a folder, of which `acknowledged` is the last step known to be done.

    `thorough` also has the store verified and the rest of the work done: it must then be like one that met no fault,
    which is made to compare with unless its digests are `expected`.
    """
    lines = wrong_with(folder, acknowledged, seed)
    found = [
        Finding(next((_KINDS[start] for start in _KINDS if line.startswith(start)), Kind.LOST), line) for line in lines
    ]
    if found or not thorough:
        return found
    unclean = [Finding(Kind.UNCLEAN, line) for line in unclean_after(folder, acknowledged, seed)]
    return unclean + _after_the_rest(folder, seed, expected)


def _after_the_rest(folder: Path, seed: int, expected: Digests | None) -> list[Finding]:
    """Do the rest of the work and return how the store differs from one that met no fault."""
    try:
        work(folder, lambda _: None, seed)
    except Exception as error:
        # Whatever keeps a writer from going on is a finding.
        return [Finding(Kind.UNOPENABLE, f"the work does not go on: {type(error).__name__}: {error}")]
    known, made = expected or _without_fault(seed), digests_of(folder)
    if made == known:
        return []
    others = f"other {', '.join(part for part in known if made[part] != known[part])}"
    lines = wrong_with(folder, len(steps(seed)), seed) or [others]
    return [Finding(Kind.NOT_IDENTICAL, f"the work ends in another store: {line}") for line in lines]


def digests_of(folder: Path) -> Digests:
    """Return a digest of each part of a store that must be as it is without faults: answers, tables and other files."""
    parts = {"answers": trace_of(folder), **state_of(folder)}
    return {name: hashlib.sha256(repr(part).encode()).hexdigest() for name, part in parts.items()}


@functools.cache
def _without_fault(seed: int) -> Digests:
    """Return the digests of a store that never met a fault."""
    with scratch() as folder:
        work(folder / "store", lambda _: None, seed)
        return digests_of(folder / "store")


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
