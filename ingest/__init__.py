"""From images to vectors: sources, decoding, embedding with VGG16, and the batch job."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.embedder import Embedder
    from ingest.job import ingest
    from ingest.outcome import IngestReport
    from ingest.recipes import RECIPES, Recipe
    from ingest.retrying import retry
    from ingest.sources import Source, SourceImage, open_source

__all__ = ["RECIPES", "Embedder", "IngestReport", "Recipe", "Source", "SourceImage", "ingest", "open_source", "retry"]

#: Where each name is. They are imported when they are asked for: a search by id needs none of them.
_HOMES = {
    "RECIPES": "recipes",
    "Embedder": "embedder",
    "IngestReport": "outcome",
    "Recipe": "recipes",
    "Source": "sources",
    "SourceImage": "sources",
    "ingest": "job",
    "open_source": "sources",
    "retry": "retrying",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
