"""Measure every part on one source and write what they found: JSON, Markdown and one self-contained page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.common.machine import describe_machine
from benchmarks.common.measurement import Measurement
from benchmarks.parts import Context, Outcome, Part, measured
from benchmarks.render import write_pages
from storage.files import durable


@dataclass
class Report:
    """All that was measured, with the machine it was measured on; a part that failed is there with its reason."""

    source: str
    made: str
    quick: bool
    seed: int
    machine: dict[str, Any]
    parts: dict[str, Part] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Tell whether every part could be measured, and every answer was right."""
        return not self.failed and all(outcome.ok for outcome in self.outcomes.values())

    @property
    def figures(self) -> dict[str, Measurement]:
        """Return every figure by its part and name."""
        return {
            f"{part}/{name}": figure
            for part, outcome in self.outcomes.items()
            for name, figure in outcome.figures.items()
        }

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "source": self.source,
            "made": self.made,
            "quick": self.quick,
            "seed": self.seed,
            "ok": self.ok,
            "machine": self.machine,
            "failed": self.failed,
            **{name: outcome.document for name, outcome in self.outcomes.items() if outcome.document is not None},
            "figures": {name: figure.as_json() for name, figure in self.figures.items()},
        }

    def tables(self) -> list[Table]:
        """Return the report as tables to print."""
        return [table for outcome in self.outcomes.values() for table in outcome.tables]


def write_report(
    context: Context,
    out: Path,
    parts: Mapping[str, Part],
    *,
    on_part: Callable[[Part, int], None] = lambda _, __: None,
) -> Report:
    """Measure the parts and write `report.json`, `report.md`, `report.html` and the pictures to `out`.

    A part that fails is reported as failed, and the rest goes on. `on_part` is told of each part, and its number,
    before it is measured. Nothing is written to `out` before everything is measured.
    """
    durable.make_folder(out)
    report = Report(
        context.source.name,
        datetime.now(UTC).date().isoformat(),
        context.quick,
        context.seed,
        describe_machine(),
        dict(parts),
    )
    for number, part in enumerate(parts.values()):
        on_part(part, number)
        outcome = measured(part, context)
        if isinstance(outcome, Outcome):
            report.outcomes[part.name] = outcome
        else:
            report.failed[part.name] = outcome
            context.on_stage(f"{part.name} FAILED: {outcome}")
    write_pages(report, out)
    return report
