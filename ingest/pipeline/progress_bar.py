"""Show a job's progress on standard error: a bar on a terminal, a plain line now and then elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from ingest.pipeline.progress import Progress
from storage import console

#: Seconds between two plain lines.
PLAIN_INTERVAL = 10.0

#: The same while a head is trained, where each says more.
TRAINING_INTERVAL = 1.0


@contextmanager
def shown_progress() -> Iterator[Callable[[Progress], None]]:
    """Give a function that shows the progress it is handed."""
    if not console.ERR.is_terminal:
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
            speed = bar.tasks[0].speed
            bar.update(
                task,
                description=_description(progress),
                total=total(progress),
                completed=done(progress),
                rate=f"{speed:.0f} images/s" if speed else "",
                rejects=f"{len(progress.rejects)} rejected" if progress.rejects else "",
            )

        yield show


class _PlainLines:
    """Prints a line at each new stage, and in long stages every few seconds."""

    def __init__(self) -> None:
        self._stage = ""
        self._began = self._printed = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.stage != self._stage:
            self._stage, self._began = progress.stage, now
        elif now - self._printed < (TRAINING_INTERVAL if progress.stage == "training" else PLAIN_INTERVAL):
            return
        self._printed = now
        if progress.stage == "training":
            console.say(_description(progress))
            return
        spent = now - self._began
        rate = f", {_pace(done(progress) / spent, total(progress) - done(progress))}" if spent > 1 else ""
        rejects = f", {len(progress.rejects)} rejected" if progress.rejects else ""
        console.say(f"{progress.stage}: {done(progress):,} of {total(progress):,}{rate}{rejects}")


def _pace(rate: float, left: int) -> str:
    """Say how fast a stage goes, and how long what is left takes at that rate."""
    seconds = left / rate if rate else 0.0
    time_left = f"{seconds / 60:.0f} min left" if seconds >= 120 else f"{seconds:.0f} s left"
    return f"{rate:.0f} images/s, {time_left}" if seconds else f"{rate:.0f} images/s"


def _description(progress: Progress) -> str:
    return f"training: {progress.epoch}" if progress.stage == "training" else progress.stage


def done(progress: Progress) -> int:
    """Return how many images, or epochs of a training, the stage has done."""
    if progress.stage == "training" and progress.epoch is not None:
        return progress.epoch.number
    return progress.fitted if progress.stage == "fitting" else progress.done


def total(progress: Progress) -> int:
    """Return how many images, or epochs of a training, the stage has to do."""
    if progress.stage == "training" and progress.epoch is not None:
        return progress.epoch.of
    return progress.to_fit if progress.stage == "fitting" else progress.total
