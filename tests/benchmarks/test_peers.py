"""The comparison with others: fair data, processes of their own, and what is said of a peer that fails."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.errors import PeerFailed, UnfitForBenchmark
from benchmarks.peers import crashes, measuring
from benchmarks.peers.data import K, drawn, label_of, written
from benchmarks.peers.measuring import Effort, measure_size
from benchmarks.peers.registry import KNOWN
from benchmarks.peers.report import COLUMNS, measure_peers
from benchmarks.peers.worker_client import Remote

LITTLE = Effort(rounds=2, samples=8, patience=60, turn=1)

#: The peers that every installation has.
ALWAYS = ("Lookalike", "FAISS", "scikit-learn")

INSTALLED = [known for known in KNOWN.values() if known.version is not None]


def test_the_nearest_are_counted_by_their_distance_in_float64_and_once() -> None:
    data = drawn(500, 20, seed=1)
    wide = data.vectors.astype(np.float64)
    order = [np.argsort(np.linalg.norm(wide - query, axis=1)).tolist() for query in data.queries]
    assert data.recall([places[:K] for places in order]) == 1.0
    assert data.recall([places[1 : K + 1] for places in order]) == pytest.approx(0.9)
    assert data.recall([[places[0]] * K for places in order]) == pytest.approx(0.1)
    assert data.recall([[-1] * K for _ in order]) == 0.0


def test_chunks_do_not_change_what_is_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = drawn(300, 5, seed=2).kth
    monkeypatch.setattr("benchmarks.peers.data._CHUNK", 70)
    assert np.array_equal(drawn(300, 5, seed=2).kth, whole)


def test_every_peer_has_all_figures_and_those_that_keep_labels_return_them() -> None:
    report = measure_peers((60,), kills=0, effort=LITTLE, threads=1, peers=ALWAYS)
    assert [(one.name, one.failure) for one in report.measured] == [(name, None) for name in ALWAYS]
    assert [set(one.figures) for one in report.measured] == [set(COLUMNS)] * 3
    assert [one.labels_right for one in report.measured] == [1.0, None, None]
    assert [one.figures["recall"].value for one in report.measured] == [1.0] * 3
    assert report.ok
    assert "60/FAISS/one_p50" in report.figures()


@pytest.mark.parametrize("name", [known.name for known in INSTALLED if known.keeps])
def test_an_installed_peer_that_keeps_rows_can_be_killed_and_looked_at(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crashes, "BASE", 40)
    kept = crashes.killed(KNOWN[name], 2, seed=0, threads=1)
    assert (kept.kills, kept.failure) == (2, None)
    assert kept.acknowledged >= 2 * 60


@pytest.mark.parametrize("name", [known.name for known in INSTALLED])
def test_an_installed_peer_finds_the_nearest(name: str, tmp_path: Path) -> None:
    peer = KNOWN[name]
    (one,), limit = measure_size(40, [peer], tmp_path, threads=1, effort=LITTLE, seed=0)
    assert one.failure is None
    assert one.figures["recall"].value >= (1.0 if peer.exact else 0.9)
    assert one.labels_right in (1.0, None)
    assert limit is not None
    assert limit.samples == 20


def test_a_peer_that_is_too_slow_is_told_and_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "BATCH", 10)
    (one,), limit = measure_size(
        40, [KNOWN["Lookalike"]], tmp_path, threads=1, effort=replace(LITTLE, patience=0.0), seed=0
    )
    assert one.failure == "inserted 10 in 0 s; all would take 0 s, not waited for"
    assert set(one.figures) == {"insert"}
    assert limit is None


def test_a_peer_that_is_not_installed_is_left_out_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KNOWN, "Nothing", replace(KNOWN["FAISS"], name="Nothing", distribution="no-such-thing"))
    told: list[str] = []
    report = measure_peers(
        (60,), kills=0, effort=LITTLE, threads=1, peers=("Lookalike", "Nothing"), on_stage=told.append
    )
    assert report.absent == ("Nothing",)
    assert told[0] == "Nothing IS NOT INSTALLED AND IS LEFT OUT: install the extra `peers`"


def test_what_fails_in_a_peers_process_is_said_in_one_line(tmp_path: Path) -> None:
    written(drawn(20, 5, seed=0), tmp_path)
    with Remote("FAISS", 1) as remote:
        remote.ready()
        remote.do("use", str(tmp_path), str(tmp_path / "nowhere"))
        with pytest.raises(PeerFailed, match=r"^RuntimeError: .*could not open"):
            remote.do("open")
        remote.do("create")
        remote.do("insert", 0, 20)
        # A new process knows nothing of what the one before it held in memory.
        assert remote.renew() == []
        with pytest.raises(PeerFailed, match="AttributeError"):
            remote.do("finish")


def test_killed_lookalike_loses_nothing_and_flushes_before_it_acknowledges() -> None:
    kept = crashes.killed(KNOWN["Lookalike"], 4, seed=0, threads=1)
    assert (kept.kills, kept.lost, kept.wrong, kept.half, kept.unopened, kept.failure) == (4, 0, 0, 0, 0, None)
    assert kept.acknowledged > 4 * 2_000
    assert kept.flushes is None or kept.flushes >= 2


def test_every_row_has_a_label_of_its_number() -> None:
    assert sorted({label_of(number) for number in range(10)}) == [str(label) for label in range(10)]


@pytest.mark.parametrize(
    ("sizes", "peers", "message"),
    [
        ((11,), ALWAYS, "expected sizes of at least 12 vectors, got [11]: give larger ones"),
        ((60,), ("Annoy",), f"expected a peer of {', '.join(KNOWN)}, got 'Annoy': name one of these"),
    ],
)
def test_what_cannot_be_compared_is_refused(sizes: tuple[int, ...], peers: tuple[str, ...], message: str) -> None:
    with pytest.raises(UnfitForBenchmark) as caught:
        measure_peers(sizes, peers=peers)
    assert str(caught.value) == message
