"""A searcher of a store that exists only while it is measured."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.recipes import Recipe
from ingest.job import ingest
from ingest.pipeline.progress import Progress
from ingest.sources import InMemorySource
from search import Searcher


@contextmanager
def temporary_searcher(
    source: InMemorySource, recipe: Recipe, make_backbone: BackboneFactory, on_progress: Callable[[Progress], None]
) -> Iterator[Searcher]:
    """Ingest a source into a temporary store, and yield a searcher of it."""
    with tempfile.TemporaryDirectory(prefix="lookalike-") as folder:
        path = Path(folder, "store")
        ingest(source, path, recipe=recipe, make_backbone=make_backbone, on_progress=on_progress)
        with Searcher.open(path, make_backbone=make_backbone) as searcher:
            yield searcher
