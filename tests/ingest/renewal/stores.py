"""Stores to be renewed, by recipes of the toy backbone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingest.embedding.recipes import Recipe
from ingest.job import ingest
from ingest.pipeline.progress import Progress
from storage import Store
from tests.ingest.jobs import Killed
from tests.toys import TOY, toy_backbone

#: Recipes of the same dimension as the toy recipe, and of another.
TURNED = replace(TOY, name="turned", whiten=0.5)
NARROW = replace(TOY, name="narrow", dim=2)
#: With a head that is fitted on the labels too.
LABELLED = replace(TOY, name="labelled", head="ridge", whiten=0.25)

LEVELS = {f"{'dark' if level < 128 else 'light'}/{level}.png": level for level in range(0, 256, 15)}


def make(images: Path, store: Path, recipe: Recipe = TOY, limit: int | None = None) -> None:
    """Ingest a folder, by a recipe if the store is new."""
    recipe_or_stored = None if Store.exists_at(store) else recipe
    ingest(f"folder:{images}", store, recipe=recipe_or_stored, limit=limit, make_backbone=toy_backbone())


def contents(store: Path) -> list[tuple[str, str | None, dict[str, Any], bytes, bytes]]:
    """Return all of each item but its id, in the order of their ids: key, label, metadata, content and vector."""
    with Store.open(store) as opened:
        assert opened.verify() == []
        vectors = opened.vectors([item.id for item in opened.items()])
        thumbnails = opened.thumbnails(opened.ids().tolist())
        assert len(thumbnails) == len(vectors)
        return [
            (item.key, item.label, dict(item.metadata), item.content, vector.tobytes())
            for item, vector in zip(opened.items(), vectors, strict=True)
        ]


def kill_after(batches: int, stage: str = "ingesting") -> Callable[[Progress], None]:
    """Return a progress function that ends a job after some reports of a stage, as a kill would."""
    remaining = [batches]

    def on_progress(progress: Progress) -> None:
        if progress.stage == stage and (stage != "ingesting" or progress.done):
            remaining[0] -= 1
            if remaining[0] < 0:
                raise Killed

    return on_progress
