"""Run every measurement on one source and write what they found: JSON, Markdown and one self-contained page."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from rich.table import Table

from benchmarks.accuracy import AccuracyReport, measure_accuracy
from benchmarks.exactness import ExactnessReport, measure_exactness
from benchmarks.latency import LatencyReport, measure_latency
from benchmarks.machine import describe_machine
from ingest.backbone import MakeBackbone
from ingest.job import ingest
from ingest.outcome import Progress
from ingest.recipes import RECIPES
from ingest.sources import Source
from search import Searcher, figures
from search.map_figure import draw_map
from search.neighbours_figure import draw_neighbours
from search.results import QueryResult
from storage import Store, durable

#: Rows in the neighbours figure: queries drawn at random, then some whose nearest neighbour has another label.
_RANDOM_ROWS = 4
_WRONG_ROWS = 2
_ASKED_FOR_WRONG = 500
_SEED = 31


@dataclass
class Report:
    """All that was measured, with the machine it was measured on."""

    source: str
    made: str
    machine: dict[str, Any]
    accuracy: list[AccuracyReport] = field(default_factory=list)
    exactness: list[ExactnessReport] = field(default_factory=list)
    latency: list[LatencyReport] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Tell whether every answer was right."""
        return all(report.ok for report in self.exactness)

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "source": self.source,
            "made": self.made,
            "machine": self.machine,
            "accuracy": [report.as_json() for report in self.accuracy],
            "exactness": [report.as_json() for report in self.exactness],
            "latency": [report.as_json() for report in self.latency],
        }

    def tables(self) -> list[Table]:
        """Return the report as tables to print."""
        parts = (self.accuracy, self.exactness, self.latency)
        return [measured.table() for part in parts for measured in part]


def write_report(
    source: Source,
    out: Path,
    stores: Path,
    *,
    test: int,
    make_backbone: MakeBackbone,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_stage: Callable[[str], None] = lambda _: None,
) -> Report:
    """Measure every recipe on a source and write `report.json`, `report.md`, `report.html` and the figures to `out`.

    The stores that are measured are kept below `stores`, one a recipe, and brought up to date. Nothing is written
    to `out` before everything is measured.
    """
    durable.make_folder(out)
    report = Report(source.name, datetime.now(UTC).date().isoformat(), describe_machine())
    drawn: dict[str, bytes] = {}
    for recipe in RECIPES.values():
        on_stage(f"{recipe.name}: accuracy")
        report.accuracy.append(
            measure_accuracy(source, recipe, test=test, make_backbone=make_backbone, on_progress=on_progress)
        )
        on_stage(f"{recipe.name}: store of all images")
        place = stores / recipe.name
        ingest(source, place, recipe=recipe, make_backbone=make_backbone, on_progress=on_progress)
        with Searcher.open(place) as searcher:
            on_stage(f"{recipe.name}: exactness")
            report.exactness.append(measure_exactness(searcher.store))
            on_stage(f"{recipe.name}: latency")
            report.latency.append(measure_latency(searcher.store))
            on_stage(f"{recipe.name}: figures")
            drawn[f"neighbours-{recipe.name}.png"] = _neighbours(searcher)
            drawn[f"map-{recipe.name}.png"] = figures.encoded(draw_map(searcher.store))
    for name, png in drawn.items():
        durable.replace_file(out / name, png)
    _write_pages(report, drawn, out)
    return report


def shown_queries(results: Sequence[QueryResult]) -> list[QueryResult]:
    """Return the first results, and then the first of the others whose nearest neighbour has another label."""
    wrong = [
        result
        for result in results[_RANDOM_ROWS:]
        if result.item and result.hits and result.hits[0].label != result.item.label
    ]
    return [*results[:_RANDOM_ROWS], *wrong[:_WRONG_ROWS]]


def _neighbours(searcher: Searcher) -> bytes:
    """Draw a few random queries, and a few whose nearest neighbour has another label, if there are any."""
    store: Store = searcher.store
    ids, _ = store.all_vectors()
    drawn = np.random.RandomState(_SEED).permutation(ids)[:_ASKED_FOR_WRONG].tolist()
    chosen = shown_queries(searcher.by_id(drawn))
    shown = {hit.id for result in chosen for hit in result.hits} | {result.item.id for result in chosen if result.item}
    return figures.encoded(draw_neighbours(chosen, store.thumbnails(sorted(shown))))


def _write_pages(report: Report, drawn: Mapping[str, bytes], out: Path) -> None:
    document = report.as_json()
    templates = Environment(
        loader=PackageLoader("benchmarks", ""),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    inline = {name: f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}" for name, png in drawn.items()}
    pages = {
        "report.json": json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        "report.md": templates.get_template("report.md.j2").render(
            report=document, pictures={name: name for name in drawn}
        ),
        "report.html": templates.get_template("report.html.j2").render(report=document, pictures=inline),
    }
    for name, text in pages.items():
        durable.replace_file(out / name, text.encode())
