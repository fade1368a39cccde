"""A store is the same whether this process embeds, or Ray's workers do, even when one of them is killed."""

import contextlib
import gc
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest import Workers
from ingest.errors import WorkersUnusable
from ingest.pipeline.progress import Progress
from storage import Store
from storage.transfer.comparison import compare
from tests.errors import error_message
from tests.ingest.jobs import FailingSource, job
from tests.toys import grey_source

ray = pytest.importorskip("ray", reason="THE TESTS OF RAY ARE SKIPPED: ray is not installed")

# Ray leaves files and sockets open. Its processes are looked for on the whole machine, so no two tests may run at once.
pytestmark = [pytest.mark.filterwarnings("default")]


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Check that no reference and no thread outlives a session of Ray."""
    threads = set(threading.enumerate())
    references: list[int] = []
    shut_down = ray.shutdown

    def count_and_shut_down() -> None:
        core_worker = ray._private.worker.global_worker.core_worker
        references.extend(counts["local"] for counts in core_worker.get_all_reference_counts().values())
        shut_down()

    monkeypatch.setattr(ray, "shutdown", count_and_shut_down)
    yield
    assert sum(references) == 0
    assert set(threading.enumerate()) <= threads


GREYS = {f"grey {number:03d}": number % 256 for number in range(300)}


def assert_same_store(plain_folder: Path, ray_folder: Path) -> None:
    with Store.open(plain_folder) as plain, Store.open(ray_folder) as with_ray:
        assert compare(plain, with_ray, queries=50).first_difference is None
        assert with_ray.info().chain == plain.info().chain
        assert [job.added for job in with_ray.jobs()] == [job.added for job in plain.jobs()]


def test_two_workers_make_the_same_store_also_when_one_is_killed(tmp_path: Path) -> None:
    plain = job(grey_source(GREYS), tmp_path / "plain", batch_size=16)
    killed: list[int] = []

    def kill_an_actor(progress: Progress) -> None:
        if progress.added and not killed:
            killed.extend(actors()[:1])
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    source, workers = grey_source(GREYS), Workers(count=2)
    report = job(source, tmp_path / "ray", batch_size=16, workers=workers, on_progress=kill_an_actor)
    assert killed
    assert (report.added, report.rejected) == (plain.added, plain.rejected) == (300, 0)
    assert_same_store(tmp_path / "plain", tmp_path / "ray")
    again = job(source, tmp_path / "ray", workers=Workers(count=1))
    assert (again.added, again.unchanged) == (0, 300)


def test_a_cluster_that_is_not_there_is_named_in_one_line(tmp_path: Path) -> None:
    message = error_message(
        WorkersUnusable, job, grey_source({"grey": 100}), tmp_path / "store", workers=Workers("127.0.0.1:1")
    )
    assert message.startswith("expected a Ray cluster at 127.0.0.1:1, got '")
    assert list(tmp_path.iterdir()) == []


def test_after_an_error_of_reading_the_source_what_is_acknowledged_is_kept_and_another_job_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = FailingSource("mine", list(grey_source(GREYS)))
    source.failing_index = 200
    job(source, tmp_path / "store", limit=1)
    make_dataset = ray.data.from_items

    def collect_after(*args: Any, **options: Any) -> Any:
        # Ray numbers the objects of each session alike: what the failed job left would be taken for these.
        dataset = make_dataset(*args, **options)
        gc.collect()
        return dataset

    gc.disable()
    try:
        with pytest.raises(OSError, match=r"^the drive is gone$") as raised:
            job(source, tmp_path / "store", batch_size=16, workers=Workers(count=1))
        with Store.open(tmp_path / "store") as store:
            assert [item.key for item in store.items()] == list(GREYS)[: len(store)]
            assert 1 <= len(store) <= 200
            stored = len(store)
        source.failing_index = None
        monkeypatch.setattr(ray.data, "from_items", collect_after)
        report = job(source, tmp_path / "store", batch_size=16, workers=Workers(count=1))
    finally:
        gc.enable()
    assert (report.added, report.unchanged) == (300 - stored, stored)
    # The error, with all that its traceback holds, has lived until now.
    assert raised.value.__traceback__ is not None


def actors() -> list[int]:
    """Return the process ids of Ray's actors that embed, in ascending order."""
    pids = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if b"ray::MapWorker" in (process / "cmdline").read_bytes():
                pids.append(int(process.name))
    return sorted(pids)
