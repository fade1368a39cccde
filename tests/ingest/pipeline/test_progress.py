"""How a job's progress is shown."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from ingest.embedding.training.epoch import Epoch
from ingest.pipeline import progress_bar as progress_bar_module
from ingest.pipeline.progress import Progress
from ingest.pipeline.progress_bar import progress_bar
from storage import Rejected, console


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress_bar_module, "time", SimpleNamespace(monotonic=clock.monotonic))
    # No terminal, even if the tests run in one.
    monkeypatch.setattr(console, "ERR", Console(stderr=True, force_terminal=False))
    return clock


def test_a_plain_line_begins_each_stage(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as show:
        show(Progress(5_000, stage="fitting", to_fit=2_500))
        clock.now += 1
        show(Progress(5_000, stage="ingesting", fitted=2_500, to_fit=2_500, added=512))
        clock.now += 1
        show(Progress(5_000, stage="writing the index", added=4_990, unchanged=10))
    printed = capsys.readouterr()
    assert (printed.out, printed.err.splitlines()) == (
        "",
        ["fitting: 0 of 2,500", "ingesting: 512 of 5,000", "writing the index: 5,000 of 5,000"],
    )


def test_a_long_stage_has_a_line_every_ten_seconds_with_its_speed(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_bar() as show:
        for second in range(26):
            clock.now = 100.0 + second
            show(Progress(5_000, added=100 * second))
    assert capsys.readouterr().err.splitlines() == [
        "ingesting: 0 of 5,000",
        "ingesting: 1,000 of 5,000, 100 images/s, 40 s left",
        "ingesting: 2,000 of 5,000, 100 images/s, 30 s left",
    ]


def test_a_long_remaining_time_is_shown_in_minutes(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as show:
        show(Progress(70_000))
        clock.now += 10
        show(Progress(70_000, added=1_000))
        clock.now += 10
        show(Progress(70_000, unchanged=70_000))
    assert capsys.readouterr().err.splitlines() == [
        "ingesting: 0 of 70,000",
        "ingesting: 1,000 of 70,000, 100 images/s, 12 min left",
        "ingesting: 70,000 of 70,000, 3500 images/s",
    ]


def test_a_training_has_a_line_every_second_with_its_loss_and_accuracy(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_bar() as show:
        for number in range(1, 6):
            show(Progress(90, stage="training", epoch=Epoch(number, 20, 1 / number, 0.9 + number / 100)))
            clock.now += 0.5
        show(Progress(90, added=90))
    assert capsys.readouterr().err.splitlines() == [
        "training: epoch 1 of 20, loss 1.0000, validation accuracy 0.9100",
        "training: epoch 3 of 20, loss 0.3333, validation accuracy 0.9300",
        "training: epoch 5 of 20, loss 0.2000, validation accuracy 0.9500",
        "ingesting: 90 of 90",
    ]


@pytest.mark.usefixtures("clock")
def test_a_line_counts_every_outcome_and_names_the_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as show:
        show(Progress(20, added=1, replaced=2, unchanged=3, rejects=[Rejected("a", "why")] * 4))
    assert capsys.readouterr().err == "ingesting: 10 of 20, 4 rejected\n"


def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(console, "ERR", Console(file=screen, force_terminal=True, width=120, color_system=None))
    with progress_bar() as show:
        show(Progress(20, stage="fitting", fitted=3, to_fit=8))
        show(Progress(20, added=19, rejects=[Rejected("a", "why")]))
    last = screen.getvalue().split("\r")[-1]
    assert "ingesting" in last
    assert "20/20" in last
    assert "1 rejected" in last
    assert capsys.readouterr() == ("", "")
