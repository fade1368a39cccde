"""How a job's progress is shown."""

import io
from collections.abc import Callable, Iterable
from types import SimpleNamespace

import pytest
from rich.console import Console

from ingest.embedding.training.epoch import Epoch
from ingest.pipeline import progress_bar as progress_bar_module
from ingest.pipeline.progress import Progress
from ingest.pipeline.progress_bar import progress_bar
from storage import Rejected, console

PlainLines = Callable[[Iterable[tuple[float, Progress]]], list[str]]


@pytest.fixture
def plain_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> PlainLines:
    """Return a function that shows progress, each at a time in seconds, and returns the lines on standard error."""
    # No terminal, even if the tests run in one.
    monkeypatch.setattr(console, "ERR", Console(stderr=True, force_terminal=False))

    def show_all(moments: Iterable[tuple[float, Progress]]) -> list[str]:
        clock = SimpleNamespace(now=0.0)
        monkeypatch.setattr(progress_bar_module, "time", SimpleNamespace(monotonic=lambda: clock.now))
        with progress_bar() as show:
            for seconds, progress in moments:
                clock.now = seconds
                show(progress)
        printed = capsys.readouterr()
        assert printed.out == ""
        return printed.err.splitlines()

    return show_all


def test_a_plain_line_begins_each_stage(plain_lines: PlainLines) -> None:
    moments = [
        (0, Progress(5_000, stage="fitting", to_fit=2_500)),
        (1, Progress(5_000, stage="ingesting", fitted=2_500, to_fit=2_500, added=512)),
        (2, Progress(5_000, stage="writing the index", added=4_990, unchanged=10)),
    ]
    assert plain_lines(moments) == [
        "fitting: 0 of 2,500",
        "ingesting: 512 of 5,000",
        "writing the index: 5,000 of 5,000",
    ]


def test_a_long_stage_has_a_line_every_ten_seconds_with_its_speed(plain_lines: PlainLines) -> None:
    assert plain_lines((second, Progress(5_000, added=100 * second)) for second in range(26)) == [
        "ingesting: 0 of 5,000",
        "ingesting: 1,000 of 5,000, 100 images/s, 40 s left",
        "ingesting: 2,000 of 5,000, 100 images/s, 30 s left",
    ]


def test_a_long_remaining_time_is_shown_in_minutes(plain_lines: PlainLines) -> None:
    moments = [(0, Progress(70_000)), (10, Progress(70_000, added=1_000)), (20, Progress(70_000, unchanged=70_000))]
    assert plain_lines(moments) == [
        "ingesting: 0 of 70,000",
        "ingesting: 1,000 of 70,000, 100 images/s, 12 min left",
        "ingesting: 70,000 of 70,000, 3,500 images/s",
    ]


def test_a_training_has_a_line_every_second_with_its_loss_and_accuracy(plain_lines: PlainLines) -> None:
    epochs = [Epoch(number, 20, 1 / number, 0.9 + number / 100) for number in range(1, 6)]
    moments = [(index / 2, Progress(90, stage="training", epoch=epoch)) for index, epoch in enumerate(epochs)]
    assert plain_lines([*moments, (2.5, Progress(90, added=90))]) == [
        "training: epoch 1 of 20, loss 1.0000, validation accuracy 0.9100",
        "training: epoch 3 of 20, loss 0.3333, validation accuracy 0.9300",
        "training: epoch 5 of 20, loss 0.2000, validation accuracy 0.9500",
        "ingesting: 90 of 90",
    ]


def test_a_line_counts_every_outcome_and_names_the_rejected(plain_lines: PlainLines) -> None:
    progress = Progress(20, added=1, replaced=2, unchanged=3, rejects=[Rejected("a", "why")] * 4)
    assert plain_lines([(0, progress)]) == ["ingesting: 10 of 20, 4 rejected"]


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
