"""Measure every part on one source, and write a report as JSON, Markdown and one self-contained HTML page."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.common.machine import describe_machine
from benchmarks.common.measurement import Measurement
from benchmarks.parts import Context, Outcome, Part
from benchmarks.render import require_replaceable, write_pages
from storage.errors import require_extra
from storage.files import durable
from storage.files.output_file import KnowsFiles


@dataclass
class Report:
    """The outcome of every part, or the reason why it failed, by the part's name, and the machine."""

    source: str
    made: str
    quick: bool
    seed: int
    machine: dict[str, Any]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Return whether every part was measured and every answer was right."""
        return not self.failed and all(outcome.ok for outcome in self.outcomes.values())

    @property
    def measurements(self) -> dict[str, Measurement]:
        """Return every measurement as "part/name"."""
        return {
            f"{part}/{name}": measurement
            for part, outcome in self.outcomes.items()
            for name, measurement in outcome.measurements.items()
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
            "figures": {name: asdict(measurement) for name, measurement in self.measurements.items()},
        }

    def tables(self) -> list[Table]:
        """Return the tables of all parts to print."""
        return [table for outcome in self.outcomes.values() for table in outcome.tables]


def write_report(
    context: Context,
    out: Path,
    parts: Mapping[str, Part],
    *known: KnowsFiles,
    force: bool = False,
    on_part: Callable[[Part, int], None] = lambda _, __: None,
) -> Report:
    """Measure the parts and write `report.json`, `report.md`, `report.html` and the pictures to the folder `out`.

    A part that fails is reported as failed, and the next one is measured. `on_part` is called with each part and its
    index before it is measured. Nothing is written to `out` before everything is measured.

    Raise ExtraMissing at once if the package that renders the pages is not installed, and OutputRefused if `out` has
    pictures or pages that are no report's; `force` replaces any that are not `known`.
    """
    require_extra("jinja2", "report")
    require_replaceable(out, *known, force=force)
    durable.make_folder(out)
    report = Report(
        context.source.name,
        datetime.now(UTC).date().isoformat(),
        context.quick,
        context.seed,
        describe_machine(),
    )
    for index, part in enumerate(parts.values()):
        on_part(part, index)
        try:
            report.outcomes[part.name] = part.measure(context)
        except Exception as error:
            # Whatever the failure of a part, the other parts are measured.
            report.failed[part.name] = f"{type(error).__name__}: {error}"
            context.on_stage(f"{part.name} FAILED: {report.failed[part.name]}")
    write_pages(report.as_json(), list(parts.values()), report.outcomes, out, force=force)
    return report
