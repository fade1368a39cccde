"""A report of which some parts were measured later, perhaps on another machine."""

from collections.abc import Mapping
from typing import Any

from benchmarks.errors import UnfitForBenchmark
from benchmarks.parts import PARTS

#: The field that says of each renewed part when it was measured, and on which machine.
RENEWED = "renewed"


def renewed_report(kept: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Return a report with the parts that a later report has, and with its other parts as they are.

    Raise UnfitForBenchmark for a later report in the short form, or without a part.
    """
    parts = [part for part in PARTS if part in later]
    if later.get("quick") or not parts:
        got = "one measured with --quick" if parts else "one without any"
        raise UnfitForBenchmark(f"expected a report with parts in their full form, got {got}: measure again")
    origin = {"made": later["made"], "machine": later["machine"]}
    figures = {name: figure for name, figure in kept["figures"].items() if _part(name) not in parts}
    failed = {part: reason for part, reason in kept.get("failed", {}).items() if part not in parts}
    return {
        **kept,
        **{part: later[part] for part in parts},
        "failed": failed,
        "figures": {**figures, **{name: figure for name, figure in later["figures"].items() if _part(name) in parts}},
        RENEWED: {**kept.get(RENEWED, {}), **dict.fromkeys(parts, origin)},
    }


def _part(measurement: str) -> str:
    return measurement.partition("/")[0]
