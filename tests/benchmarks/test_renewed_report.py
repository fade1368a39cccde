"""A report with parts that were measured later, and the README that says so."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.errors import UnfitForBenchmark
from benchmarks.readme import write_results
from benchmarks.readme_results import BEGIN, END
from benchmarks.renewed_report import renewed_report
from tests.errors import error_message

ABACUS = {"processor": "Abacus", "cores": 2, "memory_gib": 3.9, "flags": ["beads"]}
SLIDE_RULE = {"processor": "Slide rule", "cores": 1, "memory_gib": None, "flags": []}


def exactness(queries: int) -> list[dict[str, int]]:
    return [{"queries": queries, "k": 10, "errors": 0, "alone_differs": 0}]


KEPT: dict[str, Any] = {
    "made": "2026-11-27",
    "quick": False,
    "machine": ABACUS,
    "failed": {"exactness": "KeyError", "load": "OSError"},
    "exactness": exactness(1),
    "latency": ["kept"],
    "figures": {"exactness/a": 1, "exactness/b": 2, "latency/a": 3},
}
LATER: dict[str, Any] = {
    "made": "2026-11-30",
    "quick": False,
    "machine": SLIDE_RULE,
    "failed": {},
    "exactness": exactness(500),
    "figures": {"exactness/a": 10},
}


def test_parts_of_the_later_report_replace_those_of_the_kept_one_and_say_where_they_are_from() -> None:
    assert renewed_report(KEPT, LATER) == {
        "made": "2026-11-27",
        "quick": False,
        "machine": ABACUS,
        "failed": {"load": "OSError"},
        "exactness": exactness(500),
        "latency": ["kept"],
        "figures": {"latency/a": 3, "exactness/a": 10},
        "renewed": {"exactness": {"made": "2026-11-30", "machine": SLIDE_RULE}},
    }


def test_a_part_can_be_renewed_again_beside_another() -> None:
    once = renewed_report(KEPT, LATER)
    twice = renewed_report(once, {**LATER, "made": "2026-12-01", "machine": ABACUS})
    other = renewed_report(once, {"made": "2026-12-02", "quick": False, "machine": ABACUS, "load": [], "figures": {}})
    assert twice["renewed"] == {"exactness": {"made": "2026-12-01", "machine": ABACUS}}
    assert {part: origin["made"] for part, origin in other["renewed"].items()} == {
        "exactness": "2026-11-30",
        "load": "2026-12-02",
    }


@pytest.mark.parametrize(
    ("later", "given"),
    [
        ({**LATER, "quick": True}, "one measured with --quick"),
        ({"made": "", "machine": {}, "figures": {}}, "one without any"),
    ],
    ids=["quick", "no part"],
)
def test_a_report_in_the_short_form_or_without_a_part_renews_nothing(later: dict[str, Any], given: str) -> None:
    assert error_message(UnfitForBenchmark, renewed_report, KEPT, later) == (
        f"expected a report with parts in their full form, got {given}: measure again"
    )


def test_the_page_says_of_renewed_parts_when_and_on_which_machine_they_were_measured(tmp_path: Path) -> None:
    report, copy = tmp_path / "report.json", tmp_path / "copy.json"
    readme, page = tmp_path / "readme.md", tmp_path / "results.md"
    kept = {key: value for key, value in KEPT.items() if key != "latency"}
    copy.write_text(json.dumps(kept))
    report.write_text(json.dumps(LATER))
    for file in (readme, page):
        file.write_text(f"{BEGIN}\n{END}\n")
    write_results(report, readme, page, copy, renew=True)
    assert page.read_text() == (
        f"{BEGIN}\n\n"
        "Compared with scikit-learn's brute-force search in float64, 0 of 5,000 neighbours of one store are wrong.\n\n"
        "Measured on 2026-11-27 with `python -m benchmarks all` on 2 cores of Abacus, beads, 4 GiB; `exactness` on "
        "2026-11-30 on\n1 core of Slide rule. [report.json](report.json) has every number with its spread."
        f"\n\n{END}\n"
    )
    assert json.loads(copy.read_text()) == renewed_report(kept, LATER)
