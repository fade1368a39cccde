"""A part of the report: what it is given, and what it returns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

from rich.table import Table

from benchmarks.common.measurement import Measurement
from benchmarks.parts.section import Block, Section, Text
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.recipes import PHOTO, PHOTO_METRIC, RECIPES, Recipe
from ingest.job import ingest
from ingest.pipeline.progress import Progress
from ingest.sources import Source

#: All recipes but those for photographs, which `photographs` measures: on small images they take fifty times as long.
SMALL_IMAGE_RECIPES = {name: recipe for name, recipe in RECIPES.items() if recipe not in (PHOTO, PHOTO_METRIC)}


@dataclass
class Context:
    """The inputs of all parts. `quick` selects each part's short form; stores are written below the folder `stores`.

    `weights` is the file that `make_backbone` was made from, None if it found the weights itself.
    """

    source: Source
    stores: Path
    test: int
    make_backbone: BackboneFactory
    weights: Path | None = None
    quick: bool = False
    seed: int = 0
    recipes: Mapping[str, Recipe] = field(default_factory=lambda: dict(SMALL_IMAGE_RECIPES))
    on_progress: Callable[[Progress], None] = lambda _: None
    on_stage: Callable[[str], None] = lambda _: None
    _up_to_date: set[str] = field(default_factory=set)

    @property
    def samples(self) -> int:
        """Return how many single queries to time."""
        return 60 if self.quick else 500

    def store_of(self, recipe: Recipe) -> Path:
        """Return the folder of a recipe's store of all images; the first call ingests them."""
        path = self.stores / recipe.name
        if recipe.name not in self._up_to_date:
            self.on_stage(f"{recipe.name}: store of all images")
            ingest(self.source, path, recipe=recipe, make_backbone=self.make_backbone, on_progress=self.on_progress)
            self._up_to_date.add(recipe.name)
        return path


class Tabulated(Protocol):
    """A dataclass that can be printed as a table."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def table(self) -> Table:
        """Return it as a table to print."""


@dataclass(frozen=True)
class Outcome:
    """The result of a part: its JSON document, tables to print, measurements to compare, and a section of the page.

    `value` and `answer` answer the part's question at the top of the page, in one number and in a few words.
    """

    document: Any
    tables: Sequence[Table]
    measurements: Mapping[str, Measurement]
    section: Section
    value: str = ""
    answer: str = ""
    ok: bool = True

    @classmethod
    def of(
        cls,
        report: Tabulated | Sequence[Tabulated],
        measurements: Mapping[str, Measurement],
        blocks: Sequence[Block],
        *,
        value: str,
        answer: str,
        ok: bool = True,
    ) -> "Outcome":
        """Return the outcome of a report, or of several, whose document is a list of theirs."""
        reports = report if isinstance(report, Sequence) else [report]
        documents = [asdict(each) for each in reports]
        document = documents if isinstance(report, Sequence) else documents[0]
        return cls(document, [each.table() for each in reports], measurements, Section(blocks), value, answer, ok)

    @classmethod
    def skipped(cls, text: str, remedy: str) -> "Outcome":
        """Return the outcome of a part that cannot be measured here: a text that says why, and what to do."""
        return cls(None, [], {}, Section([Text(text)]), value="skipped", answer=remedy)


@dataclass(frozen=True)
class Part:
    """A part of the report by its name, with the reader's question that it answers."""

    name: str
    question: str
    measure: Callable[[Context], Outcome]
