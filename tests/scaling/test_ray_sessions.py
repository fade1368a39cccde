"""Who starts and stops Ray, and whose error is raised; substitutes without processes stand in for Ray."""

import threading
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from ingest import Workers
from ingest.errors import WorkersUnusable
from ingest.sources import SourceImage
from tests.errors import error_message
from tests.ingest.jobs import FailingSource, job
from tests.toys import grey_source

pytest.importorskip("ray", reason="THE TESTS OF RAY ARE SKIPPED: ray is not installed")

# Ray warns while it is imported.
pytestmark = [pytest.mark.filterwarnings("default")]


class StubRay:
    """Is started and stopped, and tells what happened."""

    def __init__(self, *, running: bool) -> None:
        self.running = running
        self.events: list[str] = []

    def is_initialized(self) -> bool:
        return self.running

    def init(self, **_: object) -> None:
        self.running = True
        self.events.append("init")

    def shutdown(self) -> None:
        self.running = False
        self.events.append("shutdown")


def test_jobs_side_by_side_share_a_session_which_the_last_of_them_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest.pipeline import ray_cluster

    ray = StubRay(running=False)
    monkeypatch.setattr(ray_cluster, "ray", ray)
    first, second = ray_cluster.ray_cluster(Workers()), ray_cluster.ray_cluster(Workers())
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert ray.events == ["init"]
    second.__exit__(None, None, None)
    assert ray.events == ["init", "shutdown"]
    with ray_cluster.ray_cluster(Workers()):
        assert ray.running
    assert ray.events == ["init", "shutdown"] * 2


def test_a_session_of_the_caller_is_used_and_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest.pipeline import ray_cluster

    ray = StubRay(running=True)
    monkeypatch.setattr(ray_cluster, "ray", ray)
    with ray_cluster.ray_cluster(Workers()):
        pass
    assert (ray.events, ray.running) == ([], True)


class UnstartableRay(StubRay):
    """Its node does not report in time."""

    def init(self, **_: object) -> None:
        raise Exception("The current node timed out\nduring startup.")


def test_a_start_of_ray_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest.pipeline import ray_cluster

    monkeypatch.setattr(ray_cluster, "ray", UnstartableRay(running=False))
    assert error_message(WorkersUnusable, ray_cluster.ray_cluster(Workers()).__enter__) == (
        "expected a Ray cluster at this machine, got 'The current node timed out during startup.': start it, or "
        "change --ray-address"
    )


class UnopenableSource(FailingSource):
    """A source that fails before its first image, once an index is given."""

    def __iter__(self) -> Iterator[SourceImage]:
        if self.failing_index is not None:
            raise OSError("the drive is gone")
        return super().__iter__()


@pytest.mark.parametrize(
    ("source_type", "failing_index", "error", "message"),
    [
        (FailingSource, 2, OSError, "the drive is gone"),
        (UnopenableSource, 0, OSError, "the drive is gone"),
        (
            FailingSource,
            None,
            WorkersUnusable,
            "expected Ray's workers to embed, got 'its owner is unknown': everything acknowledged so far is kept; run "
            "the same command again",
        ),
    ],
)
def test_an_error_of_reading_the_source_is_raised_rather_than_one_that_ray_raises_after_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source_type: type[FailingSource],
    failing_index: int | None,
    error: type[Exception],
    message: str,
) -> None:
    from ingest.pipeline import ray_preparer

    def lose_an_object(_: object, __: int) -> Generator[None, None, None]:
        for thread in threading.enumerate():
            if thread.name == "reading":
                thread.join()
        yield from ()
        raise ValueError("an object is lost\nits owner is unknown")

    monkeypatch.setattr(ray_preparer, "ray", MagicMock())
    monkeypatch.setattr(ray_preparer, "ray_cluster", nullcontext)
    monkeypatch.setattr(ray_preparer.RayPreparer, "_embedded", lose_an_object)
    source = source_type("mine", list(grey_source({"black": 0, "grey": 100, "white": 255})))
    store = tmp_path / "store"
    job(source, store, limit=1)
    source.failing_index = failing_index
    assert error_message(error, job, source, store, workers=Workers(count=1)) == message
