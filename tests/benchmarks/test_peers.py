"""The comparison with peers: exact data, processes of their own, and what is reported of a peer that fails."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.errors import PeerFailed, UnfitForBenchmark
from benchmarks.peers import measure_size as measure_size_module
from benchmarks.peers.crashes import BASE_ROWS, crash_peer
from benchmarks.peers.measure_size import Effort, measure_size
from benchmarks.peers.peers_report import COLUMNS, measure_peers
from benchmarks.peers.registry import PEERS
from benchmarks.peers.synthetic_data import K, kth_distances, label_of, make_data, save_data
from benchmarks.peers.worker_client import WorkerClient
from tests.errors import error_message

pytestmark = pytest.mark.heavy

SMALL = Effort(rounds=2, samples=8, patience=60, turn=1)

#: The peers whose packages are always installed.
ALWAYS = ("Lookalike", "FAISS", "scikit-learn")

INSTALLED = [info for info in PEERS.values() if info.version is not None]


def test_recall_counts_each_hit_once_by_its_distance_in_float64() -> None:
    data = make_data(500, 20, seed=1)
    wide = data.vectors.astype(np.float64)
    order = [np.argsort(np.linalg.norm(wide - query, axis=1)).tolist() for query in data.queries]
    assert data.recall([numbers[:K] for numbers in order]) == 1.0
    assert data.recall([numbers[1 : K + 1] for numbers in order]) == pytest.approx(0.9)
    assert data.recall([[numbers[0]] * K for numbers in order]) == pytest.approx(0.1)
    assert data.recall([[-1] * K for _ in order]) == 0.0


def test_chunks_do_not_change_the_exact_distances() -> None:
    data = make_data(300, 5, seed=2)
    assert np.array_equal(kth_distances(data.vectors, data.queries, chunk_size=70), data.kth)


def test_every_peer_has_all_measurements_and_those_that_store_labels_return_them() -> None:
    report = measure_peers((60,), kills=0, effort=SMALL, threads=1, peers=ALWAYS)
    assert [(result.name, result.failure) for result in report.measured] == [(name, None) for name in ALWAYS]
    assert [set(result.figures) for result in report.measured] == [set(COLUMNS)] * 3
    assert [result.labels_right for result in report.measured] == [1.0, None, None]
    assert [result.figures["recall"].value for result in report.measured] == [1.0] * 3
    assert report.ok
    assert "60/FAISS/one_p50" in report.figures()


@pytest.mark.parametrize("name", [info.name for info in INSTALLED if info.persists])
def test_an_installed_peer_that_persists_rows_can_be_killed_and_examined(name: str) -> None:
    crash = crash_peer(PEERS[name], 2, seed=0, threads=1, base_rows=40)
    assert (crash.kills, crash.failure) == (2, None)
    assert crash.acknowledged >= 2 * 60


@pytest.mark.parametrize("name", [info.name for info in INSTALLED])
def test_an_installed_peer_finds_the_nearest(name: str, tmp_path: Path) -> None:
    info = PEERS[name]
    (result,), limit = measure_size(40, [info], tmp_path, threads=1, effort=SMALL, seed=0)
    assert result.failure is None
    assert result.figures["recall"].value >= (1.0 if info.exact else 0.9)
    assert result.labels_right in (1.0, None)
    assert limit is not None
    assert limit.samples == 20


def test_a_peer_that_is_too_slow_is_stopped_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call = WorkerClient.call

    def slow_insert(client: WorkerClient, method: str, *arguments: Any) -> Any:
        result = call(client, method, *arguments)
        return 20.0 if method == "insert" else result

    monkeypatch.setattr(WorkerClient, "call", slow_insert)
    monkeypatch.setattr(measure_size_module, "INSERT_BATCH", 10)
    (result,), limit = measure_size(40, [PEERS["Lookalike"]], tmp_path, threads=1, effort=SMALL, seed=0)
    assert result.failure == "inserted 10 in 20 s; all would take 80 s, not waited for"
    assert set(result.figures) == {"insert"}
    assert limit is None


def test_a_peer_that_is_not_installed_is_reported_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PEERS, "Nothing", replace(PEERS["FAISS"], name="Nothing", distribution="no-such-thing"))
    stages: list[str] = []
    report = measure_peers(
        (60,), kills=0, effort=SMALL, threads=1, peers=("Lookalike", "Nothing"), on_stage=stages.append
    )
    assert report.absent == ("Nothing",)
    assert stages[0] == "Nothing IS NOT INSTALLED, NOT MEASURED: install the extra `peers`"


def test_a_failure_in_a_peers_process_is_reported_in_one_line(tmp_path: Path) -> None:
    save_data(make_data(20, 5, seed=0), tmp_path)
    with WorkerClient("FAISS", 1) as client:
        client.wait_until_ready()
        client.call("set_folders", str(tmp_path), str(tmp_path / "nowhere"))
        with pytest.raises(PeerFailed, match=r"^RuntimeError: .*could not open"):
            client.call("open")
        client.call("create")
        client.call("insert", 0, 20)
        # The new process does not hold what the old one had in memory.
        assert client.restart() == []
        with pytest.raises(PeerFailed, match="AttributeError"):
            client.call("finish")


def test_killed_lookalike_loses_nothing_and_flushes_before_it_acknowledges() -> None:
    crash = crash_peer(PEERS["Lookalike"], 4, seed=0, threads=1)
    assert (crash.kills, crash.lost, crash.wrong, crash.half, crash.unopened, crash.failure) == (4, 0, 0, 0, 0, None)
    assert crash.acknowledged > 4 * BASE_ROWS
    assert crash.flushes is None or crash.flushes >= 2


def test_every_row_has_a_label_by_its_number() -> None:
    assert sorted({label_of(number) for number in range(10)}) == [str(label) for label in range(10)]


@pytest.mark.parametrize(
    ("sizes", "peers", "message"),
    [
        ((11,), ALWAYS, "expected sizes of at least 12 vectors, got [11]: give larger ones"),
        ((60,), ("Annoy",), f"expected a peer of {', '.join(PEERS)}, got 'Annoy': name one of these"),
    ],
)
def test_sizes_that_are_too_small_and_unknown_peers_are_refused(
    sizes: tuple[int, ...], peers: tuple[str, ...], message: str
) -> None:
    assert error_message(UnfitForBenchmark, measure_peers, sizes, peers=peers) == message
