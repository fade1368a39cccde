"""From images to vectors: sources, decoding, embedding with VGG16, and the batch job."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.embedding.embedder import Embedder
    from ingest.embedding.recipes import RECIPES, Recipe
    from ingest.job import ingest
    from ingest.pipeline.options import Workers
    from ingest.pipeline.progress import IngestReport
    from ingest.plan_job import Plan, plan
    from ingest.renew_job import RenewalReport, renew
    from ingest.retry_job import retry
    from ingest.sources import Source, SourceImage, open_source

__all__ = [
    "RECIPES",
    "Embedder",
    "IngestReport",
    "Plan",
    "Recipe",
    "RenewalReport",
    "Source",
    "SourceImage",
    "Workers",
    "ingest",
    "open_source",
    "plan",
    "renew",
    "retry",
]

#: The module of each public name. They are imported at their first use: a search by id needs none of them.
_MODULES = {
    "RECIPES": "embedding.recipes",
    "Embedder": "embedding.embedder",
    "IngestReport": "pipeline.progress",
    "Plan": "plan_job",
    "Recipe": "embedding.recipes",
    "RenewalReport": "renew_job",
    "Source": "sources",
    "SourceImage": "sources",
    "Workers": "pipeline.options",
    "ingest": "job",
    "open_source": "sources",
    "plan": "plan_job",
    "renew": "renew_job",
    "retry": "retry_job",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
