"""A job that is stopped by Ctrl-C, by a kill or by a full disk keeps what was acknowledged, and the next resumes it."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import UnreadableImage
from ingest.pipeline.progress import Progress
from ingest.pipeline.stop_signal import stop_on_interrupt
from ingest.sources import InMemorySource, SourceImage
from storage import Store
from storage.errors import StoreUnwritable
from tests.full_disk import largest_file
from tests.ingest.jobs import FailingSource, assert_same_store, contents, job, noise_source
from tests.processes import REPOSITORY
from tests.toys import noise

#: A job in a process of its own that prints its progress after each batch, and waits a little.
PROGRAM = """
import time
from pathlib import Path
from tests.ingest.jobs import job, noise_source
from storage import console
def show(progress):
    print(progress.stage, progress.done, flush=True)
    if progress.stage != "fitting":
        time.sleep(0.2)
app = console.command_app("Ingest noise.")
@app.command()
def main(store: Path):
    job(noise_source(200), store, batch_size=10, on_progress=show)
console.run(app, "job")
"""


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Let SIGINT raise KeyboardInterrupt here and in child processes, also where a shell had it ignored."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


def started_job(store: Path) -> subprocess.Popen[str]:
    """Start a job, and wait until a few of its batches are acknowledged."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(store)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("ingesting") and int(line.split()[-1]) >= 40:
            return process
    raise AssertionError(process.communicate())


def assert_can_be_resumed(store: Path) -> None:
    """Call the stopped job again, and compare its store with an uninterrupted one's."""
    job(noise_source(200), store)
    job(noise_source(200), store.with_name("uninterrupted"))
    assert_same_store(store, store.with_name("uninterrupted"))


def test_ctrl_c_ends_a_job_after_the_batch_in_hand_and_the_next_resumes_it(tmp_path: Path) -> None:
    process = started_job(tmp_path / "stopped")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (
        130,
        "interrupted: everything acknowledged so far is kept; run the same command again to go on\n",
    )
    lines = [line.rsplit(" ", 1) for line in out.splitlines()]
    assert "stopping after this batch" in [stage for stage, _ in lines]
    with Store.open(tmp_path / "stopped") as store:
        (stopped,) = store.jobs()
        # Everything that is stored was reported, and nothing else.
        assert (len(store), stopped.finished) == (int(lines[-1][1]), False)
        assert 40 <= len(store) < 200
    assert_can_be_resumed(tmp_path / "stopped")


def test_a_second_ctrl_c_raises_at_once() -> None:
    with stop_on_interrupt() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.19, 0.33])
def test_a_job_that_is_killed_and_called_again_leaves_the_store_of_an_uninterrupted_one(
    tmp_path: Path, delay: float
) -> None:
    process = started_job(tmp_path / "killed")
    time.sleep(delay)
    process.kill()
    process.communicate(timeout=60)
    with Store.open(tmp_path / "killed") as store:
        assert 40 <= len(store) < 200
    assert_can_be_resumed(tmp_path / "killed")


def test_a_job_in_another_thread_does_not_handle_ctrl_c(tmp_path: Path) -> None:
    seen: list[object] = []
    thread = threading.Thread(
        target=lambda: job(
            noise_source(5), tmp_path / "store", on_progress=lambda _: seen.append(signal.getsignal(signal.SIGINT))
        )
    )
    thread.start()
    thread.join()
    assert set(seen) == {signal.default_int_handler}
    assert len(contents(tmp_path / "store")[0]) == 5


def test_the_handler_of_ctrl_c_is_restored_after_a_job(tmp_path: Path) -> None:
    job(noise_source(5), tmp_path / "store")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_disk_that_fills_up_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    job(noise_source(40), tmp_path / "full", limit=10, batch_size=10)
    full = (tmp_path / "full" / "catalog.sqlite").stat().st_size + 8192
    with largest_file(full), pytest.raises(StoreUnwritable) as refused:
        job(noise_source(200), tmp_path / "full", batch_size=10)
    assert str(refused.value).endswith(
        "everything acknowledged so far is kept; free space or change the permissions and run the same command again"
    )
    assert 10 <= len(contents(tmp_path / "full")[0]) < 200
    job(noise_source(200), tmp_path / "full")
    with Store.open(tmp_path / "full") as store:
        assert (len(store), store.jobs()[-1].finished) == (200, True)


def test_a_source_that_fails_while_it_is_read_loses_nothing_acknowledged(tmp_path: Path) -> None:
    source = FailingSource("mine", list(noise_source(60)))
    job(source, tmp_path / "store", limit=1)
    source.failing_index = 50
    with pytest.raises(OSError, match=r"^the drive is gone$"):
        job(source, tmp_path / "store", batch_size=10)
    stored = len(contents(tmp_path / "store")[0])
    assert 1 <= stored <= 50
    source.failing_index = None
    report = job(source, tmp_path / "store")
    assert (report.added, report.unchanged, report.items) == (60 - stored, stored, 60)


def test_a_source_that_changes_while_it_is_read_is_stored_as_it_was_read(tmp_path: Path) -> None:
    """Two thirds of the images change between fitting and ingest, the others vanish: each vector is of one picture."""
    pictures = noise(2, 30, 6, 7, 3, seed=4)
    reads: dict[int, int] = {}

    def read(number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        reads[number] = reads.get(number, 0) + 1
        if number % 3 == 0 and reads[number] > 1:
            raise UnreadableImage(f"expected an image file, got {number}, which is not a file: name an image")
        return np.asarray(pictures[min(reads[number], 2) - 1, number], np.uint8)

    changing = [SourceImage(f"{number}", partial(read, number)) for number in range(30)]
    report = job(InMemorySource("changing", changing), tmp_path / "store")
    assert (report.added, [reject.key for reject in report.rejects]) == (20, [f"{n}" for n in range(0, 30, 3)])
    with Store.open(tmp_path / "store") as store:
        items, (_, vectors) = store.items(), store.all_vectors()
    final = [SourceImage(item.key, partial(np.asarray, pictures[1, int(item.key)])) for item in items]
    again = job(InMemorySource("final", final), tmp_path / "store")
    assert (again.unchanged, again.replaced) == (20, 0)
    assert len({vector.tobytes() for vector in vectors}) == 20


def test_batches_in_flight_are_bounded_however_many_images_there_are(tmp_path: Path) -> None:
    """No image is read more than a few slices ahead of the last one acknowledged."""
    numbers: list[int] = []
    most = 0

    def read(number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        numbers.append(number)
        return np.full((6, 7, 3), number % 251, np.uint8)

    images = [SourceImage(f"{number}", partial(read, number)) for number in range(3000)]
    job(InMemorySource("many", images), tmp_path / "store", limit=1)
    numbers.clear()

    def measure(progress: Progress) -> None:
        nonlocal most
        if progress.stage == "ingesting":
            most = max(most, len(numbers) - progress.done)
            time.sleep(0.002)

    job(InMemorySource("many", images), tmp_path / "store", batch_size=20, on_progress=measure)
    # Three batches, the current slice, three slices that wait, and one that is being prepared.
    assert most <= 20 * 8
