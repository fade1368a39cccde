"""The measurement of photographs as a part of the report and of the README."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from benchmarks.common.measurement import LOWER, median_of
from benchmarks.measures import debian_pictures
from benchmarks.measures.altered_copies import ALTERATIONS
from benchmarks.measures.debian_pictures import INSTALL, Pictures
from benchmarks.measures.image_query_times import ImageQueryTimes
from benchmarks.measures.photographs import QUICK, Effort, PhotographsReport, Score
from benchmarks.parts import PARTS, Context
from benchmarks.parts import photographs as part
from benchmarks.parts.section import Grid, Section, Text
from benchmarks.readme_results import readme_results
from tests.toys import grey_source, toy_backbone


def scored(name: str, accuracy: float, by_kind: dict[str, float]) -> Score:
    return Score(
        name, accuracy, (0.6, 0.8), 0.5, (0.4, 0.6), 0.9, (0.85, 0.95), dict.fromkeys(ALTERATIONS, 1.0) | by_kind
    )


REPORT = PhotographsReport(
    drawings=40,
    labels=12,
    photographs=4,
    copies=40,
    scores=(scored("photo", 0.7, {"grey": 0.75}), scored("colour histogram", 0.6, {})),
    times=ImageQueryTimes("a.jpg", 14.7456, median_of([9.0, 8.0, 12.0], "s", LOWER), median_of([0.5], "s", LOWER)),
)


def context(folder: Path) -> Context:
    return Context(grey_source({}), folder, 1, toy_backbone(), Path("weights.npz"), quick=True, seed=7)


def test_every_score_and_time_is_measured_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = Pictures([], [])
    asked: list[tuple[Any, ...]] = []

    def draw(*args: int) -> Pictures:
        asked.append(args)
        return pictures

    def measure(given: Pictures, effort: Effort, **options: Any) -> PhotographsReport:
        assert given is pictures
        asked.append((effort, options["weights"]))
        return REPORT

    monkeypatch.setattr(part, "draw_pictures", draw)
    monkeypatch.setattr(part, "measure_photographs", measure)
    outcome = PARTS["photographs"].measure(context(tmp_path))
    assert asked == [(QUICK.drawings, QUICK.photographs, 7), (QUICK, Path("weights.npz"))]
    assert outcome.document == asdict(REPORT)
    assert (outcome.value, outcome.answer) == (
        "90.0\u00a0%",
        "of 40 altered copies of photographs find their original (recipe photo)",
    )
    assert {name: measurement.value for name, measurement in outcome.measurements.items()} == {
        "photo/1-NN accuracy": 0.7,
        "photo/precision@5": 0.5,
        "photo/copies, recall@1": 0.9,
        **{f"photo/{kind}": 0.75 if kind == "grey" else 1.0 for kind in ALTERATIONS},
        "colour histogram/1-NN accuracy": 0.6,
        "colour histogram/precision@5": 0.5,
        "colour histogram/copies, recall@1": 0.9,
        **{f"colour histogram/{kind}": 1.0 for kind in ALTERATIONS},
        "image query, cold": 9.0,
        "image query, warm": 0.5,
    }
    scores, kinds = (block for block in outcome.section.blocks if isinstance(block, Grid))
    assert scores.rows[0] == (
        "photo",
        "0.700 (0.600 to 0.800)",
        "0.500 (0.400 to 0.600)",
        "0.900 (0.850 to 0.950)",
    )
    assert kinds.rows[list(ALTERATIONS).index("grey")] == ("grey", "0.750", "1.000")
    assert outcome.section.blocks[-1] == Text(
        "From the file of a photograph of 14.7 megapixels to the answer, with recipe photo: 9 s (8 to 12) in a new "
        "process, 0.500 s in a running one."
    )


def test_the_part_is_skipped_with_the_command_that_installs_the_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian_pictures, "DRAWINGS", tmp_path / "none")
    outcome = PARTS["photographs"].measure(context(tmp_path))
    assert (outcome.document, outcome.measurements, outcome.ok) == (None, {}, True)
    assert (outcome.value, outcome.answer) == ("skipped", f"run `{INSTALL}`")
    assert outcome.section == Section(
        [Text(f"Skipped: expected Debian's drawings and photographs, got none: run `{INSTALL}`.")]
    )


def test_the_readme_has_a_row_for_each_score_and_the_times() -> None:
    machine = {"processor": "Abacus", "cores": 2, "memory_gib": None, "flags": []}
    text = readme_results({"made": "2026-11-30", "machine": machine, "photographs": asdict(REPORT), "figures": {}})
    assert [line for line in text.splitlines() if line.startswith("|")] == [
        "| recipe | 1-NN accuracy | 95 % interval | precision@5 | copies, recall@1 | least found kind |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| `photo` | 0.700 | 0.600 to 0.800 | 0.500 | 0.900 | 0.750 |",
        "| colour histogram | 0.600 | 0.600 to 0.800 | 0.500 | 0.900 | 1.000 |",
    ]
    assert (
        "From the file of a photograph of 15 megapixels to the answer: 9 s in a new process, 0.500 s in a running one."
        in text
    )
