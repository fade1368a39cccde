"""Draw the states of a store that power cuts may leave, in the work and again while a store is opened after one."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path

import numpy as np

from benchmarks.durability.power_loss.disk import Disk, Tree, numbered
from benchmarks.durability.tracing.operations import Acknowledge, Operation
from benchmarks.durability.tracing.system_calls import record
from benchmarks.durability.writer import STORE, Job

#: What SQLite rolls back before anything is read, when it begins so: https://sqlite.org/fileformat.html#rollbackjournal
JOURNAL = f"{STORE}/catalog.sqlite-journal"
_JOURNAL_BEGINS = bytes.fromhex("d9d505f920a163d7")

#: Drawing stops after a round when so many states before it were not new.
_IDLE = 300


@dataclass(frozen=True)
class State:
    """What one power cut may leave, the last step acknowledged before it, and when it came, in words."""

    tree: Tree
    acknowledged: int
    came: str

    @property
    def to_recover(self) -> bool:
        """Tell whether the next opening has to roll something back."""
        return (self.tree.get(JOURNAL) or b"").startswith(_JOURNAL_BEGINS)

    def write_to(self, folder: Path) -> None:
        """Make the state in a folder, which must not be there yet."""
        folder.mkdir()
        for path, data in sorted(self.tree.items()):
            if data is None:
                (folder / path).mkdir()
            else:
                (folder / path).write_bytes(data)


#: What is there before a store is created.
NOTHING = State({}, -1, "the work")


def states_of(
    operations: Sequence[Operation], expected: int, generator: np.random.Generator, before: State = NOTHING
) -> Iterator[State]:
    """Draw distinct states that a power cut after some operation may leave, for ever or until no more are found.

    `before` was there before. What is left if nothing or everything that was not synced arrived comes once for each
    operation, among the states in between. The first `expected` are drawn evenly over the operations, however few.
    """
    seen: set[bytes] = set()
    idle = 0
    for round in count():
        share = max(0.1, (expected - len(seen)) / max(1, len(operations)))
        for state in _round(operations, round, share, generator, before):
            if (digest := _digest(state)) not in seen:
                seen.add(digest)
                idle = 0
                yield state
            idle += 1
        if idle > _IDLE:
            return


def _round(
    operations: Sequence[Operation], round: int, share: float, generator: np.random.Generator, before: State
) -> Iterator[State]:
    """Walk what is left by a cut after each of a `share` of the operations, drawn at random."""
    disk, done = Disk(before.tree), before.acknowledged
    for number, operation in enumerate(operations):
        disk.apply(operation)
        if isinstance(operation, Acknowledge):
            done = max(done, operation.step)
        if generator.random() < share:
            # Each operation has its turn of each in the first three rounds.
            turn = (number + round) % 3 if round < 3 else 2
            tree = disk.dropped() if turn == 0 else disk.kept() if turn == 1 else disk.torn(generator)
            yield State(tree, done, f"{before.came}, after operation {number}, {type(operation).__name__}")


def _digest(state: State) -> bytes:
    digest = hashlib.sha256(str(state.acknowledged).encode())
    for path, data in sorted(state.tree.items()):
        digest.update(f"{path}\0{-1 if data is None else len(data)}\0".encode())
        digest.update(data or b"")
    return digest.digest()


def states_of_recovery(
    first: State, folder: Path, job: Job, expected: int, generator: np.random.Generator
) -> Iterator[State]:
    """Draw states that a second cut may leave, while the state of a first one is opened in `folder`: see `states_of`.

    `job` says who opens it; a writer is cut until it has the store open, a reader until it has read it.
    """
    first.write_to(folder)
    recorded = record(job, folder, numbered(first.tree))
    opening = list(takewhile(lambda operation: not isinstance(operation, Acknowledge), recorded))
    reader_or_writer = "a reader's" if job.reading else "a writer's"
    before = State(first.tree, first.acknowledged, f"{first.came}, then {reader_or_writer} opening")
    return states_of(opening, expected, generator, before)
