"""From images to vectors: sources, decoding, embedding with VGG16, and the batch job."""

from ingest.embedder import Embedder
from ingest.job import ingest
from ingest.outcome import IngestReport
from ingest.recipes import RECIPES, Recipe
from ingest.sources import Source, SourceImage, open_source

__all__ = ["RECIPES", "Embedder", "IngestReport", "Recipe", "Source", "SourceImage", "ingest", "open_source"]
