"""The jobs that filled a store, and the inputs that they rejected."""

from dataclasses import dataclass

from storage import Job, Rejected, Store


@dataclass(frozen=True)
class Status:
    """A store's jobs, the newest last, the rejected inputs that were not stored since, and the number of items."""

    items: int
    jobs: tuple[Job, ...]
    rejects: tuple[Rejected, ...]

    @classmethod
    def of(cls, store: Store) -> "Status":
        """Return the status of a store."""
        return cls(len(store), tuple(store.jobs()), tuple(store.rejects()))

    @property
    def remaining(self) -> str:
        """Return in words what there is to resume or retry; empty if nothing."""
        if self.jobs and not self.jobs[-1].finished:
            return f"job {self.jobs[-1].number} was stopped"
        return f"{len(self.rejects):,} rejected" if self.rejects else ""
