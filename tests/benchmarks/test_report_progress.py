"""The progress of a report as lines, without a terminal."""

import pytest

from benchmarks.errors import UnfitForBenchmark
from benchmarks.parts import PARTS, part_named
from benchmarks.report_progress import report_progress
from ingest.pipeline.progress import Progress


def test_each_part_and_stage_is_a_line_with_its_number(capsys: pytest.CaptureFixture[str]) -> None:
    with report_progress(2) as progress:
        progress.start_part(PARTS["exactness"], 0)
        progress.show_stage("compared")
        progress.start_part(PARTS["peers"], 1)
        progress.show_stage("Chroma IS NOT INSTALLED")
    assert capsys.readouterr().err.splitlines() == [
        "[1/2] exactness",
        "[1/2] exactness: compared",
        "[2/2] peers",
        "[2/2] peers: Chroma IS NOT INSTALLED",
    ]


def test_images_are_shown_at_each_new_stage_and_then_rarely(capsys: pytest.CaptureFixture[str]) -> None:
    with report_progress(1) as progress:
        progress.start_part(PARTS["accuracy"], 0)
        for done in (0, 10, 20):
            progress.show_images(Progress(30, "ingesting", added=done))
        progress.show_images(Progress(30, "fitting", fitted=5, to_fit=30))
    assert capsys.readouterr().err.splitlines() == [
        "[1/1] accuracy",
        "[1/1] accuracy: ingesting 0 of 30 images",
        "[1/1] accuracy: fitting 5 of 30 images",
    ]


def test_a_part_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnfitForBenchmark) as caught:
        part_named("beauty")
    assert str(caught.value) == f"expected a part of {', '.join(PARTS)}, got 'beauty'"
