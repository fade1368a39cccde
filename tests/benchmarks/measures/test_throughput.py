"""The throughput report: how its values are computed, and that jobs are measured from outside."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.errors import BenchmarkFailed
from benchmarks.measures import throughput
from benchmarks.measures.ingest_run import IngestRun, run_ingest
from benchmarks.measures.keras_baseline import operations
from benchmarks.measures.throughput import FULL, QUICK, measure_throughput
from ingest.embedding.recipes import NOTEBOOK, RETRIEVAL
from ingest.errors import SourceUnusable
from tests.errors import error_message
from tests.toys import write_greys

pytestmark = pytest.mark.heavy

RUN = IngestRun("retrieval", "bfloat16", 1_000, 0, 0, 2.0, {"decode": 0.5, "embed": 1.5, "write": 0.25}, 900.0, True)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Replace everything that takes long by round numbers; return the arguments of every ingest run."""
    runs: list[tuple[Any, ...]] = []

    def run(source: str, store: Path, *, recipe: str = "", precision: Any = "auto", limit: int = 0) -> IngestRun:
        runs.append((source, store.name, recipe, precision, limit))
        if not recipe:
            return replace(RUN, added=0, unchanged=limit, seconds=1.0, tensorflow=False)
        seconds = 2.0 if recipe == "retrieval" else 4.0
        return replace(RUN, recipe=recipe, precision=precision, added=limit, seconds=seconds * limit / 1_000)

    def open_small(name: str) -> range:
        if name == "fashion-mnist":
            raise SourceUnusable("expected fashion-mnist, got none")
        return range(5_000)

    monkeypatch.setattr(throughput, "open_source", open_small)
    monkeypatch.setattr(throughput, "find_weights", lambda: None)
    monkeypatch.setattr(throughput, "fastest_cpu_precision", lambda: "bfloat16")
    monkeypatch.setattr(throughput, "predict_rates", lambda *_: [50.0, 50.0])
    monkeypatch.setattr(throughput, "network_rate", lambda recipe, *_: 625.0 if recipe is RETRIEVAL else 250.0)
    monkeypatch.setattr(throughput, "product_rate", lambda _: 1e12)
    monkeypatch.setattr(throughput, "measure_accuracy", lambda *_, **__: SimpleNamespace(one_nn_accuracy=0.98))
    monkeypatch.setattr(throughput, "run_ingest", run)
    return runs


def test_ingest_jobs_are_compared_with_the_baseline_and_with_the_network_alone(
    measured: list[tuple[Any, ...]],
) -> None:
    report = measure_throughput(FULL)
    assert [(job.recipe, job.precision, job.images, job.ratio, job.share_outside) for job in report.jobs] == [
        ("retrieval", "bfloat16", 5_000, 10.0, 0.2),
        ("notebook", "bfloat16", 5_000, 5.0, 0.0),
        ("notebook", "float32", 5_000, 5.0, 0.0),
    ]
    assert measured[3:] == [
        ("mnist-sample", "retrieval-bfloat16", "", "auto", 5_000),
        ("mnist-sample", "small", "retrieval", "bfloat16", 5_000),
    ]
    assert (report.second_run_images, report.second_run_seconds, report.second_run_imports_tensorflow) == (
        5_000,
        1.0,
        False,
    )
    assert report.accuracy["retrieval"] == {"bfloat16": 0.98, "float32": 0.98}
    assert report.jobs[0].stage_seconds == {"decode": 0.5, "embed": 1.5, "write": 0.25}
    assert report.table().row_count == 10


@pytest.mark.usefixtures("measured")
def test_a_quick_run_takes_fewer_images_and_notes_that_the_large_source_is_missing() -> None:
    stages: list[str] = []
    report = measure_throughput(QUICK, on_stage=stages.append)
    assert [(job.recipe, job.images) for job in report.jobs] == [("retrieval", 500), ("notebook", 500)]
    assert (report.quick, report.accuracy) == (True, {})
    assert stages[0] == (
        "note: fashion-mnist is not installed, using 5,000 images of mnist-sample instead: "
        "install Debian's package dataset-fashion-mnist for 70,000"
    )


def test_operations_are_those_of_the_convolutions_up_to_the_layer() -> None:
    assert operations(RETRIEVAL) == pytest.approx(0.381e9, rel=0.01)
    assert operations(NOTEBOOK) == pytest.approx(0.627e9, rel=0.01)


def test_a_job_that_fails_is_reported_with_its_reason(tmp_path: Path) -> None:
    images = write_greys(tmp_path / "images", {"a.png": 0})
    message = error_message(BenchmarkFailed, run_ingest, f"folder:{images}", tmp_path / "store", recipe="best")
    assert "got 'best'" in message
