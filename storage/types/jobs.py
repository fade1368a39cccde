"""Ingest jobs, and the inputs that they could not store."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rejected:
    """An input that could not be stored: its printable key, and the reason."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Job:
    """A run over a source of `total` inputs, with the counts of those that were processed up to the last batch.

    `source` is the source as the user named it, so that the job can be resumed; `finished` is False after an
    interruption. Inputs that `moved` or were `relabelled` kept their vectors; `pruned` counts the items that were
    removed since the source has them no more.
    """

    number: int
    source: str
    total: int
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    rejected: int = 0
    finished: bool = False
    moved: int = 0
    relabelled: int = 0
    pruned: int = 0


@dataclass(frozen=True, slots=True)
class JobUpdate:
    """A job's progress, written in the same transaction as a batch.

    `job` has the counts after the batch, `rejects` the new rejects, and `resolved` the keys that are rejected no more.
    """

    job: Job
    rejects: Sequence[Rejected] = ()
    resolved: Sequence[str] = ()
