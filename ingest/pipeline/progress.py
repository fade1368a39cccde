"""What a job reports while it runs and when it is done."""

from dataclasses import asdict, dataclass, field
from typing import Any

from ingest.embedding.training.epoch import Epoch
from ingest.peak_memory import peak_memory
from storage import Rejected, Store


@dataclass
class Progress:
    """How far a job has come: what became of the inputs so far, out of `total`.

    While `stage` is "fitting", `fitted` of `to_fit` images have been looked at; while it is "training", `epoch` tells
    how the head comes along.
    """

    total: int
    stage: str = "ingesting"
    fitted: int = 0
    to_fit: int = 0
    epoch: Epoch | None = None
    drift: float | None = None
    added: int = 0
    unchanged: int = 0
    replaced: int = 0
    rejects: list[Rejected] = field(default_factory=list)
    stage_seconds: dict[str, float] = field(default_factory=lambda: {"decode": 0.0, "embed": 0.0, "write": 0.0})

    @property
    def done(self) -> int:
        """Return how many inputs have an outcome."""
        return self.added + self.unchanged + self.replaced + len(self.rejects)


@dataclass(frozen=True)
class IngestReport:
    """What a job did; `images_per_second` counts the images that were embedded.

    The stages overlap, so that their seconds may be more together than the job's.
    `drift` is how far this machine's vectors lie from those of a store that was there before, relative to their
    length; None for a new store, or when nothing was embedded.
    """

    added: int
    unchanged: int
    replaced: int
    rejected: int
    rejects: tuple[Rejected, ...]
    items: int
    seconds: float
    images_per_second: float
    stage_seconds: dict[str, float]
    recipe: str
    precision: str
    weights: dict[str, str]
    drift: float | None
    peak_rss_mb: float

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)


def report_of(store: Store, progress: Progress, seconds: float) -> IngestReport:
    """Return the report of a job that is done."""
    embedded = progress.added + progress.replaced
    spec = store.embedding.spec
    return IngestReport(
        added=progress.added,
        unchanged=progress.unchanged,
        replaced=progress.replaced,
        rejected=len(progress.rejects),
        rejects=tuple(progress.rejects),
        items=len(store),
        seconds=round(seconds, 3),
        images_per_second=round(embedded / seconds, 1),
        stage_seconds={stage: round(spent, 3) for stage, spent in progress.stage_seconds.items()},
        recipe=store.embedding.name,
        precision=str(spec.get("precision")),
        weights=dict(spec.get("weights", {})),
        drift=progress.drift,
        peak_rss_mb=round(peak_memory() / 2**20, 1),
    )
