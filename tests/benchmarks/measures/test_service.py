"""The service is measured after its answers were compared with the library's."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="THE MEASUREMENT OF THE SERVICE IS NOT TESTED: fastapi is not installed")

from benchmarks.errors import BenchmarkFailed
from benchmarks.measures import service as module
from benchmarks.measures.service import CLIENTS, ServiceSize, measure_service
from benchmarks.measures.service_process import ServiceProcess
from tests.search.service.served import served
from tests.toys import TOY, grey_source, toy_backbone

pytestmark = pytest.mark.heavy

SIZE = ServiceSize(items=300, queries=30, pictures=20, requests=100, repeats=1)
SOURCE = grey_source({str(level): level for level in range(0, 240, 10)})


@contextmanager
def toy_service(store: Path, _: Path | None) -> Iterator[ServiceProcess]:
    """Serve a store with a toy for a network."""
    with served(store, toy=True) as service:
        yield ServiceProcess(service.process, service.port)


def test_both_ways_to_ask_are_measured() -> None:
    report = measure_service(SOURCE, TOY, SIZE, make_backbone=toy_backbone(), open_service=toy_service)
    by_id, by_picture = report.by_id, report.by_picture
    assert (by_id.items, by_id.requests, by_id.load) == (300, 100, 0.7)
    assert 0 < by_id.latency["p50_ms"] <= by_id.latency["p99_ms"]
    assert min(by_id.library.value, by_id.one_connection.value, by_id.capacity.value) > 0
    assert min(by_id.memory_before, by_id.memory_after) > 10
    assert (by_picture.recipe, by_picture.batch_size, by_picture.clients) == ("toy", 8, CLIENTS)
    assert min(by_picture.network.value, by_picture.at_once.value, by_picture.service.value) > 0
    assert len(report.table().rows) == 6
    assert json.loads(json.dumps(report.as_json()))["by_id"]["items"] == 300


def test_another_answer_than_the_librarys_ends_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_id_request", lambda _, request=module._id_request: request(7))
    with pytest.raises(BenchmarkFailed, match=r"^expected the answer of the library, "):
        measure_service(SOURCE, TOY, SIZE, make_backbone=toy_backbone(), open_service=toy_service)
