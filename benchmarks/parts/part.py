"""What a part of the report is given, and what it gives back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.common.measurement import Measurement
from benchmarks.parts.section import Section
from ingest.embedding.network.backbone import MakeBackbone
from ingest.embedding.recipes import PHOTO, RECIPES, Recipe
from ingest.job import ingest
from ingest.pipeline.progress import Progress
from ingest.sources import Source

#: On small pictures the recipe for photographs takes fifty times as long; `copies` shows what it is for.
SMALL = {name: recipe for name, recipe in RECIPES.items() if recipe is not PHOTO}


@dataclass
class Context:
    """What all parts measure with. `quick` asks for the short form of each; stores are kept below `stores`."""

    source: Source
    stores: Path
    test: int
    make_backbone: MakeBackbone
    quick: bool = False
    seed: int = 0
    recipes: Mapping[str, Recipe] = field(default_factory=lambda: dict(SMALL))
    on_progress: Callable[[Progress], None] = lambda _: None
    on_stage: Callable[[str], None] = lambda _: None
    _ready: set[str] = field(default_factory=set)

    def store_of(self, recipe: Recipe) -> Path:
        """Return the folder of a store of all images, brought up to date when it is first asked for."""
        place = self.stores / recipe.name
        if recipe.name not in self._ready:
            self.on_stage(f"{recipe.name}: store of all images")
            ingest(self.source, place, recipe=recipe, make_backbone=self.make_backbone, on_progress=self.on_progress)
            self._ready.add(recipe.name)
        return place


@dataclass(frozen=True)
class Outcome:
    """What a part found: its JSON, tables to print, figures to compare, and a section to read.

    `answer` answers the part's question in a few words for the top of the page, `value` in one number.
    """

    document: Any
    tables: Sequence[Table]
    figures: Mapping[str, Measurement]
    section: Section
    value: str = ""
    answer: str = ""
    ok: bool = True


@dataclass(frozen=True)
class Part:
    """A measurement of the report by name, with the reader's question that it answers."""

    name: str
    question: str
    measure: Callable[[Context], Outcome]


def measured(part: Part, context: Context) -> Outcome | str:
    """Measure one part; return the reason when it fails, so that the rest can go on."""
    try:
        return part.measure(context)
    except Exception as error:
        # Whatever goes wrong in one part is told in the report and must not take the others with it.
        return f"{type(error).__name__}: {error}"
