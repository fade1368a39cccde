"""The options of a job, as one value."""

from collections.abc import Callable
from dataclasses import dataclass

from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.network.precision import PrecisionOption, stored_precision
from ingest.embedding.recipes import Recipe
from ingest.pipeline.progress import Progress
from ingest.sources.subset import require_count
from storage import Embedding
from storage.errors import require_extra

#: Images in one batch: committed together, and lost together when the process dies.
BATCH_SIZE = 512


@dataclass(frozen=True)
class Workers:
    """Ray workers: of the cluster at `address` or this machine; `count` of them, or one for each GPU or processor."""

    address: str | None = None
    count: int | None = None


@dataclass(frozen=True)
class JobOptions:
    """How a job embeds and writes; raise InvalidCount for a batch size below 1, ExtraMissing for workers without Ray.

    `recipe` must be the store's, and None means the store's, or the one that suits the pictures of a new store.
    `precision` is "auto" for the store's, or for the fastest on this machine for a new store. `milvus` is the URL
    of a Milvus server that follows the store. With `workers`, Ray embeds. With `prune`, items that the source no
    longer has are removed; for more than half of them `confirm_prune` is asked, with how many are gone and how many
    there were.
    """

    make_backbone: BackboneFactory
    recipe: Recipe | None = None
    precision: PrecisionOption = "auto"
    batch_size: int = BATCH_SIZE
    milvus: str | None = None
    workers: Workers | None = None
    prune: bool = False
    confirm_prune: Callable[[int, int], bool] = lambda _gone, _items: False
    on_progress: Callable[[Progress], None] = lambda _: None

    def __post_init__(self) -> None:
        require_count("the batch size", self.batch_size, str(BATCH_SIZE))
        if self.workers is not None:
            require_extra("ray", "ray")

    def precision_for(self, embedding: Embedding) -> PrecisionOption:
        """Return the precision to compute vectors of a store's embedding in."""
        return stored_precision(embedding) if self.precision == "auto" else self.precision
