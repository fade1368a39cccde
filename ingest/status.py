"""What the ledger says of the jobs that filled a store."""

from dataclasses import asdict, dataclass
from typing import Any

from storage import Job, Rejected, Store


@dataclass(frozen=True)
class Status:
    """The jobs, the newest last, the inputs that were rejected and never stored since, and how many items there are."""

    items: int
    jobs: tuple[Job, ...]
    rejects: tuple[Rejected, ...]

    @property
    def left(self) -> str:
        """Say what there is to take up again; nothing if there is nothing."""
        if self.jobs and not self.jobs[-1].finished:
            return f"job {self.jobs[-1].number} was stopped"
        return f"{len(self.rejects):,} rejected" if self.rejects else ""

    def as_json(self) -> dict[str, Any]:
        """Return the status as JSON."""
        return asdict(self)


def status_of(store: Store) -> Status:
    """Return what became of the inputs of a store's jobs."""
    return Status(len(store), tuple(store.jobs()), tuple(store.rejects()))
