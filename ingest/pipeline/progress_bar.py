"""Show a job's progress on standard error: a bar on a terminal, a plain line every few seconds elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from ingest.pipeline.progress import ASKING, Progress
from storage import console

#: Seconds between two plain lines.
PLAIN_INTERVAL = 10.0

#: Seconds between two plain lines while a head is trained.
TRAINING_INTERVAL = 1.0


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None]]:
    """Yield a function that shows the progress passed to it; what others print meanwhile goes to standard error too."""
    if not console.ERR.is_terminal:
        # The bar does this by itself. Ray prints the errors of its workers, which are no results.
        with redirect_stdout(sys.stderr):
            yield _PlainLines()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[rejects]}"),
    )
    with Bar(*columns, console=console.ERR) as bar:
        task = bar.add_task("reading", total=None, rate="", rejects="")

        def show(progress: Progress) -> None:
            if progress.stage == ASKING:
                bar.stop()
                return
            speed = bar.tasks[0].speed
            done, total = progress.stage_progress
            bar.update(
                task,
                description=_description(progress),
                total=total,
                completed=done,
                rate=f"{console.counted(round(speed), 'image')}/s" if speed else "",
                rejects=f"{len(progress.rejects)} rejected" if progress.rejects else "",
            )

        yield show


class _PlainLines:
    """Prints a line at the start of each stage, and every few seconds in a long one."""

    def __init__(self) -> None:
        self._stage = ""
        self._started = self._printed = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.stage == ASKING:
            return
        if progress.stage != self._stage:
            self._stage, self._started = progress.stage, now
        elif now - self._printed < (TRAINING_INTERVAL if progress.stage == "training" else PLAIN_INTERVAL):
            return
        self._printed = now
        if progress.stage == "training":
            console.print_message(_description(progress))
            return
        seconds = now - self._started
        done, total = progress.stage_progress
        speed = f", {_speed(done / seconds, total - done)}" if seconds > 1 else ""
        rejects = f", {len(progress.rejects)} rejected" if progress.rejects else ""
        console.print_message(f"{progress.stage}: {done:,} of {total:,}{speed}{rejects}")


def _speed(rate: float, remaining: int) -> str:
    """Return the speed of a stage in images per second, and the time that the remaining images take at it."""
    seconds = remaining / rate if rate else 0.0
    time_left = f"{seconds / 60:.0f} min left" if seconds >= 120 else f"{seconds:.0f} s left"
    images = f"{console.counted(round(rate), 'image')}/s"
    return f"{images}, {time_left}" if seconds else images


def _description(progress: Progress) -> str:
    return f"training: {progress.epoch}" if progress.stage == "training" else progress.stage
