"""What a report under way says where there is no terminal."""

import pytest

from benchmarks.errors import UnfitForBenchmark
from benchmarks.parts import PARTS, part_named
from benchmarks.report_progress import whole_progress
from ingest.pipeline.progress import Progress


def test_each_part_and_stage_is_a_line_with_its_place_in_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    with whole_progress(2) as shown:
        shown.part(PARTS["exactness"], 0)
        shown.stage("compared")
        shown.part(PARTS["peers"], 1)
        shown.stage("Chroma IS NOT INSTALLED")
    assert capsys.readouterr().err.splitlines() == [
        "[1/2] exactness",
        "[1/2] exactness: compared",
        "[2/2] peers",
        "[2/2] peers: Chroma IS NOT INSTALLED",
    ]


def test_images_are_told_at_each_new_stage_and_then_seldom(capsys: pytest.CaptureFixture[str]) -> None:
    with whole_progress(1) as shown:
        shown.part(PARTS["accuracy"], 0)
        for done in (0, 10, 20):
            shown.images(Progress(30, "ingesting", added=done))
        shown.images(Progress(30, "fitting", fitted=5, to_fit=30))
    assert capsys.readouterr().err.splitlines() == [
        "[1/1] accuracy",
        "[1/1] accuracy: ingesting 0 of 30 images",
        "[1/1] accuracy: fitting 5 of 30 images",
    ]


def test_a_part_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnfitForBenchmark) as caught:
        part_named("beauty")
    assert str(caught.value) == f"expected a part of {', '.join(PARTS)}, got 'beauty'"
