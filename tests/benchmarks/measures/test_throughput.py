"""The throughput report: what its figures are made of, and that jobs are measured from outside."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.errors import BenchmarkFailed
from benchmarks.measures.ingest_run import WholeJob, whole_job
from benchmarks.measures.keras_baseline import operations
from benchmarks.measures.throughput import FULL, QUICK, measure_throughput
from ingest.embedding.recipes import NOTEBOOK, RETRIEVAL
from ingest.errors import SourceUnusable
from tests.toys import grey, png

JOB = WholeJob("retrieval", "bfloat16", 1_000, 0, 0, 2.0, {"decode": 0.5, "embed": 1.5, "write": 0.25}, 900.0, True)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Have everything that takes long give round figures; return the jobs that were asked for."""
    asked: list[tuple[Any, ...]] = []

    def job(source: str, store: Path, *, recipe: str = "", precision: str = "auto", limit: int = 0) -> WholeJob:
        asked.append((source, store.name, recipe, precision, limit))
        if not recipe:
            return replace(JOB, added=0, unchanged=limit, seconds=1.0, tensorflow=False)
        seconds = 2.0 if recipe == "retrieval" else 4.0
        return replace(JOB, recipe=recipe, precision=precision, added=limit, seconds=seconds * limit / 1_000)

    def opened(name: str) -> range:
        if name == "fashion-mnist":
            raise SourceUnusable("expected it, found none")
        return range(5_000)

    throughput = "benchmarks.measures.throughput"
    monkeypatch.setattr(f"{throughput}.open_source", opened)
    monkeypatch.setattr(f"{throughput}.find_weights", lambda: None)
    monkeypatch.setattr(f"{throughput}.precision_of_processor", lambda: "bfloat16")
    monkeypatch.setattr(f"{throughput}.predict_rates", lambda *_: [50.0, 50.0])
    monkeypatch.setattr(f"{throughput}.network_rate", lambda recipe, *_: 625.0 if recipe is RETRIEVAL else 250.0)
    monkeypatch.setattr(f"{throughput}.product_rate", lambda _: 1e12)
    monkeypatch.setattr(f"{throughput}.measure_accuracy", lambda *_, **__: SimpleNamespace(one_nn_accuracy=0.98))
    monkeypatch.setattr(f"{throughput}.whole_job", job)
    return asked


def test_whole_jobs_are_compared_with_the_base_line_and_with_the_network_alone(
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
    assert report.as_json()["jobs"][0]["stage_seconds"] == {"decode": 0.5, "embed": 1.5, "write": 0.25}
    assert report.table().row_count == 10


@pytest.mark.usefixtures("measured")
def test_a_quick_run_takes_fewer_images_and_says_loudly_that_the_large_source_is_missing() -> None:
    said: list[str] = []
    report = measure_throughput(QUICK, on_stage=said.append)
    assert [(job.recipe, job.images) for job in report.jobs] == [("retrieval", 2_000), ("notebook", 2_000)]
    assert (report.quick, report.accuracy) == (True, {})
    assert said[0] == (
        "note: found no fashion-mnist, so that 5,000 images of mnist-sample are taken instead: "
        "install Debian's package dataset-fashion-mnist for 70,000"
    )


def test_operations_are_those_of_the_convolutions_up_to_the_layer() -> None:
    assert operations(RETRIEVAL) == pytest.approx(0.381e9, rel=0.01)
    assert operations(NOTEBOOK) == pytest.approx(0.627e9, rel=0.01)


def test_a_job_that_fails_is_named_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(png(grey(0)))
    with pytest.raises(BenchmarkFailed) as failed:
        whole_job(f"folder:{tmp_path / 'images'}", tmp_path / "store", recipe="best")
    assert "got 'best'" in str(failed.value)
