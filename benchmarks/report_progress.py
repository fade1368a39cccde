"""Show how far a whole report has come on standard error: a bar on a terminal, a plain line a stage elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from benchmarks.parts.part import Part
from ingest.pipeline.progress import Progress
from ingest.pipeline.progress_bar import PLAIN_INTERVAL
from storage import console


class Shown:
    """What is told of a report under way; without a bar it is plain lines."""

    def __init__(self, parts: int, bar: Bar | None = None) -> None:
        self._parts, self._bar = parts, bar
        self._whole: TaskID | None = bar.add_task("", total=parts, stage="") if bar else None
        self._part = ""
        self._last = ("", 0.0)

    def part(self, part: Part, number: int) -> None:
        """Tell that a part begins."""
        self._part = f"[{number + 1}/{self._parts}] {part.name}"
        if self._bar and self._whole is not None:
            self._bar.update(self._whole, completed=number, description=part.name, stage="")
        else:
            console.print_message(self._part)

    def stage(self, text: str) -> None:
        """Tell what the part does now."""
        if self._bar and self._whole is not None:
            self._bar.update(self._whole, stage=text)
            if text.isupper() or "FAILED" in text or "NOT INSTALLED" in text:
                self._bar.console.print(text)
        else:
            console.print_message(f"{self._part}: {text}")

    def images(self, progress: Progress) -> None:
        """Tell how far a job of ingesting has come."""
        stage, when = self._last
        if self._bar is None and stage == progress.stage and time.monotonic() - when < PLAIN_INTERVAL:
            return
        self._last = (progress.stage, time.monotonic())
        self.stage(f"{progress.stage} {progress.stage_done:,} of {progress.stage_total:,} images")


@contextmanager
def whole_progress(parts: int) -> Iterator[Shown]:
    """Give what shows the progress of a report of so many parts."""
    if not console.ERR.is_terminal:
        yield Shown(parts)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[stage]}"),
    )
    with Bar(*columns, console=console.ERR) as bar:
        shown = Shown(parts, bar)
        yield shown
        bar.update(TaskID(0), completed=parts, stage="")
