"""Draw the states of a disk that power cuts may leave: during the work, and again while a store is opened after one."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path

import numpy as np

from benchmarks.durability.power_loss.disk import Disk, Tree, file_numbers
from benchmarks.durability.rollback_journal import MAGIC
from benchmarks.durability.tracing.operations import Acknowledge, Operation
from benchmarks.durability.tracing.recording import record
from benchmarks.durability.writer import STORE, Job

JOURNAL = f"{STORE}/catalog.sqlite-journal"

#: Drawing ends after a round once this many states in succession were repeats.
_MOST_REPEATED = 300


@dataclass(frozen=True)
class DiskState:
    """A state that one power cut may leave, the last step acknowledged before it, and a text that says when."""

    tree: Tree
    acknowledged: int
    when: str

    @property
    def needs_recovery(self) -> bool:
        """Return whether the next opening has to roll a transaction back."""
        return (self.tree.get(JOURNAL) or b"").startswith(MAGIC)

    def write_to(self, folder: Path) -> None:
        """Create the folder, which must not exist yet, with the files of this state."""
        folder.mkdir()
        for path, data in sorted(self.tree.items()):
            if data is None:
                (folder / path).mkdir()
            else:
                (folder / path).write_bytes(data)


#: The state before a store is created.
EMPTY = DiskState({}, -1, "the work")


def draw_states(
    operations: Sequence[Operation], expected: int, generator: np.random.Generator, before: DiskState = EMPTY
) -> Iterator[DiskState]:
    """Draw distinct states that a power cut after any of the operations may leave, until no new ones are found.

    `before` is the state before the operations. For each operation, the states in which nothing or everything that
    was not synced survived come once, among others. The first `expected` are spread evenly over the operations.
    """
    seen: set[bytes] = set()
    repeated = 0
    for round in count():
        share = max(0.1, (expected - len(seen)) / max(1, len(operations)))
        for state in _draw_round(operations, round, share, generator, before):
            if (digest := _digest(state)) not in seen:
                seen.add(digest)
                repeated = 0
                yield state
            repeated += 1
        if repeated > _MOST_REPEATED:
            return


def _draw_round(
    operations: Sequence[Operation], round: int, share: float, generator: np.random.Generator, before: DiskState
) -> Iterator[DiskState]:
    """Yield a state left by a cut after each of a `share` of the operations, which are drawn at random."""
    disk, acknowledged = Disk(before.tree), before.acknowledged
    for number, operation in enumerate(operations):
        disk.apply(operation)
        if isinstance(operation, Acknowledge):
            acknowledged = max(acknowledged, operation.step)
        if generator.random() < share:
            # In the first three rounds each operation has one state of each sort.
            sort = (number + round) % 3 if round < 3 else 2
            match sort:
                case 0:
                    tree = disk.with_synced_only()
                case 1:
                    tree = disk.with_everything()
                case _:
                    tree = disk.draw_torn(generator)
            when = f"{before.when}, after operation {number}, {type(operation).__name__}"
            yield DiskState(tree, acknowledged, when)


def _digest(state: DiskState) -> bytes:
    digest = hashlib.sha256(str(state.acknowledged).encode())
    for path, data in sorted(state.tree.items()):
        digest.update(f"{path}\0{-1 if data is None else len(data)}\0".encode())
        digest.update(data or b"")
    return digest.digest()


def draw_recovery_states(
    first: DiskState, job: Job, expected: int, generator: np.random.Generator
) -> Iterator[DiskState]:
    """Draw states that a second cut may leave while a job opens the state that a first one left.

    A writer is cut before it has the store open, a reader before it has read it. See `draw_states`.
    """
    first.write_to(job.root)
    operations = record(job, file_numbers(first.tree))
    opening = list(takewhile(lambda operation: not isinstance(operation, Acknowledge), operations))
    opener = "a reader's" if job.reading else "a writer's"
    before = DiskState(first.tree, first.acknowledged, f"{first.when}, then {opener} opening")
    return draw_states(opening, expected, generator, before)
