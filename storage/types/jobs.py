"""What became of the inputs of the jobs that filled a store."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rejected:
    """An input that could not be stored, and why; the key as it can be shown."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Job:
    """A run over a source, as far as it was acknowledged: what became of its inputs, out of `total`.

    `source` is the source as it was named, so that the job can be taken up again; `finished` tells whether it came
    to its end.
    """

    number: int
    source: str
    total: int
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    rejected: int = 0
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """What a batch writes into the ledger: the job's counts after it, its rejects, and the keys rejected no more."""

    job: Job
    rejects: Sequence[Rejected] = ()
    settled: Sequence[str] = field(default=())
