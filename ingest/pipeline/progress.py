"""What a job reports while it runs, and when it is done."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ingest.embedding.embedder import is_outgrown
from ingest.embedding.training.epoch import Epoch
from ingest.pipeline.peak_memory import peak_memory
from storage import Rejected, Store

#: The stage in which the user may be asked something: no progress is shown any more.
ASKING = "asking"


@dataclass
class Progress:
    """How far a job has come: the outcomes so far of its `total` inputs, passed to `on_progress` at each `report`.

    `skipped` counts the source's pictures of kinds that are not read, by kind: they are no inputs. `columns` says what
    the columns of a manifest are read as, by name. In the stage "fitting",
    `fitted` of `to_fit` images are embedded; in "training", `epoch` is the last one trained.
    """

    total: int
    stage: str = "ingesting"
    fitted: int = 0
    to_fit: int = 0
    epoch: Epoch | None = None
    drift: float | None = None
    recipe_reason: str | None = None
    added: int = 0
    unchanged: int = 0
    replaced: int = 0
    moved: int = 0
    relabelled: int = 0
    gone: int | None = None
    pruned: int = 0
    embedded: int = 0
    other_sources: Counter[str] = field(default_factory=Counter)
    rejects: list[Rejected] = field(default_factory=list)
    skipped: Mapping[str, int] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    stage_seconds: dict[str, float] = field(default_factory=lambda: {"decode": 0.0, "embed": 0.0, "write": 0.0})
    on_progress: Callable[["Progress"], None] = field(default=lambda _: None, repr=False, compare=False)

    @property
    def done(self) -> int:
        """Return how many inputs have an outcome."""
        stored = self.added + self.unchanged + self.replaced + self.moved + self.relabelled
        return stored + len(self.rejects)

    @property
    def stage_progress(self) -> tuple[int, int]:
        """Return how many images, or epochs of a training, the stage has done, and how many it has in all."""
        if self.stage == "training" and self.epoch is not None:
            return self.epoch.number, self.epoch.of
        return (self.fitted, self.to_fit) if self.stage == "fitting" else (self.done, self.total)

    def enter(self, stage: str) -> None:
        """Begin a stage, and report it."""
        self.stage = stage
        self.report()

    def report(self) -> None:
        """Call `on_progress` with this progress."""
        self.on_progress(self)


@dataclass(frozen=True)
class IngestReport:
    """What a job did; `images_per_second` counts the images that were embedded.

    Each input was `added`, `replaced` an item of its key, `moved` here from a key that is gone, was `relabelled` (its
    label or metadata changed, not its picture), is `unchanged` or was `rejected`. `gone` counts the items of this
    source that were there before and are not any more, `pruned` those of them that were removed; `gone` is None when
    it cannot be told, as with a limit. `other_sources` counts the replaced items of other sources by their names.

    `recipe_reason` says why a new store has its recipe when none was asked for.
    `fitted_on` is the number of images that the store's head was fitted on, and `outgrown` says whether there are so
    many items by now that `lookalike renew` would make better vectors. `stage_seconds` may add up to more than
    `seconds`, since the stages overlap. `drift` is the distance between this machine's vectors and those of an existing
    store, relative to their length; None for a new store, or when nothing was embedded. `skipped` counts the source's
    pictures of kinds that are not read, by kind; `columns` says what a manifest's are read as, by name.
    """

    added: int
    unchanged: int
    replaced: int
    moved: int
    relabelled: int
    gone: int | None
    pruned: int
    other_sources: dict[str, int]
    rejected: int
    rejects: tuple[Rejected, ...]
    skipped: dict[str, int]
    columns: dict[str, str]
    items: int
    seconds: float
    images_per_second: float
    stage_seconds: dict[str, float]
    recipe: str
    recipe_reason: str | None
    fitted_on: int
    outgrown: bool
    precision: str
    weights: dict[str, str]
    drift: float | None
    peak_rss_mb: float

    @classmethod
    def of(cls, progress: Progress, store: Store, seconds: float) -> "IngestReport":
        """Return the report of a job that is done."""
        spec, items = store.embedding.spec, len(store)
        return cls(
            added=progress.added,
            unchanged=progress.unchanged,
            replaced=progress.replaced,
            moved=progress.moved,
            relabelled=progress.relabelled,
            gone=progress.gone,
            pruned=progress.pruned,
            other_sources=dict(progress.other_sources),
            rejected=len(progress.rejects),
            rejects=tuple(progress.rejects),
            skipped=dict(progress.skipped),
            columns=dict(progress.columns),
            items=items,
            seconds=round(seconds, 3),
            images_per_second=round(progress.embedded / seconds, 1),
            stage_seconds={stage: round(spent, 3) for stage, spent in progress.stage_seconds.items()},
            recipe=store.embedding.name,
            recipe_reason=progress.recipe_reason,
            fitted_on=int(spec.get("fitted_on", 0)),
            outgrown=is_outgrown(store.embedding, items),
            precision=str(spec.get("precision")),
            weights=dict(spec.get("weights", {})),
            drift=progress.drift,
            peak_rss_mb=round(peak_memory() / 2**20, 1),
        )
