"""Show the progress of a whole report on standard error: a bar on a terminal, otherwise one line per stage."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from benchmarks.parts.part import Part
from ingest.pipeline.progress import Progress
from ingest.pipeline.progress_bar import PLAIN_INTERVAL
from storage import console


class ReportProgress:
    """Shows which part and stage of a report is being measured: in a bar, or without one as lines."""

    def __init__(self, parts: int, bar: Bar | None = None) -> None:
        self._parts, self._bar = parts, bar
        self._task = bar.add_task("", total=parts, stage="") if bar else TaskID(0)
        self._part = ""
        self._last = ("", 0.0)

    def start_part(self, part: Part, index: int) -> None:
        """Show that a part begins."""
        self._part = f"[{index + 1}/{self._parts}] {part.name}"
        if self._bar:
            self._bar.update(self._task, completed=index, description=part.name, stage="")
        else:
            console.print_message(self._part)

    def show_stage(self, stage: str) -> None:
        """Show the current stage of the part; on a terminal a failure stays on the screen."""
        if not self._bar:
            console.print_message(f"{self._part}: {stage}")
            return
        self._bar.update(self._task, stage=stage)
        if "FAILED" in stage or "NOT INSTALLED" in stage:
            self._bar.console.print(stage)

    def show_images(self, progress: Progress) -> None:
        """Show the progress of an ingest job; as lines at each new stage and then every few seconds."""
        stage, time_shown = self._last
        if self._bar is None and stage == progress.stage and time.monotonic() - time_shown < PLAIN_INTERVAL:
            return
        self._last = (progress.stage, time.monotonic())
        done, total = progress.stage_progress
        self.show_stage(f"{progress.stage} {done:,} of {total:,} images")


@contextmanager
def report_progress(parts: int) -> Iterator[ReportProgress]:
    """Yield an object that shows the progress of a report of `parts` parts."""
    if not console.ERR.is_terminal:
        yield ReportProgress(parts)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[stage]}"),
    )
    with Bar(*columns, console=console.ERR) as bar:
        yield ReportProgress(parts, bar)
        bar.update(bar.task_ids[0], completed=parts, stage="")
