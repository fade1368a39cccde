"""From images to vectors: sources, decoding, embedding with VGG16, and the batch job."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.embedding.embedder import Embedder
    from ingest.embedding.recipes import RECIPES, Recipe
    from ingest.job import ingest
    from ingest.pipeline.progress import IngestReport
    from ingest.retry_job import retry
    from ingest.sources import Source, SourceImage, open_source

__all__ = ["RECIPES", "Embedder", "IngestReport", "Recipe", "Source", "SourceImage", "ingest", "open_source", "retry"]

#: Where each name is. They are imported when they are asked for: a search by id needs none of them.
_HOMES = {
    "RECIPES": "embedding.recipes",
    "Embedder": "embedding.embedder",
    "IngestReport": "pipeline.progress",
    "Recipe": "embedding.recipes",
    "Source": "sources",
    "SourceImage": "sources",
    "ingest": "job",
    "open_source": "sources",
    "retry": "retry_job",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
