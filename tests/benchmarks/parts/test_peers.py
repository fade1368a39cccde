"""What the report shows of the comparison with peers."""

from dataclasses import asdict, replace

from benchmarks.common.measurement import HIGHER, LOWER, Measurement, single_value
from benchmarks.parts.peers import answer, blocks
from benchmarks.parts.section import Grid, Heading, Picture, Text
from benchmarks.peers.crashes import CrashResult
from benchmarks.peers.measure_size import QUICK_EFFORT, PeerResult
from benchmarks.peers.peers_report import PeersReport


def result(name: str, vectors: int, latency: float, labels: float | None) -> PeerResult:
    figures = {
        "one_p50": Measurement(latency, latency, latency + 1, "ms", LOWER, 60),
        "recall": single_value(1.0, "", HIGHER, 100),
    }
    return PeerResult(name, "1.0", True, f"a note on {name}", vectors, figures, 100, labels, None)


SLOW = replace(result("Slow", 2000, 1, None), figures={}, many=0, failure="inserted 10 in 30 s; not waited for")
CRASH = CrashResult("Lookalike", "1.0", 50, 1000, 0, 0, 0, 0, 0, 5.0, None)
REPORT = PeersReport(
    128,
    10,
    2,
    0,
    QUICK_EFFORT,
    ("Absent",),
    (
        *(result("Lookalike", size, size / 1000, 1.0) for size in (1000, 2000)),
        *(result("FAISS", size, size / 4000, None) for size in (1000, 2000)),
        *(result("Chroma", size, size / 500, 1.0) for size in (1000, 2000)),
        SLOW,
    ),
    (CRASH, replace(CRASH, name="FAISS", lost=7, losing=1, unopened=1, flushes=None)),
    {size: single_value(size / 9000, "ms", LOWER) for size in (1000, 2000)},
)


def test_the_answer_names_the_fastest_with_labels_and_without_at_the_largest_size_and_the_absent() -> None:
    assert answer(REPORT) == (
        "one query of 2,000: Lookalike 2 ms; fastest with labels: Chroma, 4 ms (approximate); without: FAISS, "
        "0.500 ms; not installed: Absent"
    )


def test_every_size_has_a_table_and_failed_and_absent_peers_are_named() -> None:
    shown = blocks(REPORT)
    assert [block.text for block in shown if isinstance(block, Heading)] == [
        *("1,000 vectors", "2,000 vectors", "Notes on each peer", "Killed while inserting"),
    ]
    assert [block.text for block in shown if isinstance(block, Text)][1] == (
        "NOT INSTALLED, NOT MEASURED: Absent. Run `make peers` and measure again."
    )
    assert Text("Slow: inserted 10 in 30 s; not waited for.", faint=True) in shown
    grids = [block for block in shown if isinstance(block, Grid)]
    nothing = "\u2013"
    assert grids[1].rows == [
        ("Lookalike", nothing, nothing, "2", nothing, nothing, "1", nothing, nothing, "yes", "2 to 3"),
        ("FAISS", nothing, nothing, "0.500", nothing, nothing, "1", nothing, nothing, "no", "0.500 to 1.50"),
        ("Chroma", nothing, nothing, "4", nothing, nothing, "1", nothing, nothing, "yes", "4 to 5"),
        ("Slow", *[nothing] * 10),
    ]
    assert grids[3].rows == [
        ("Lookalike", "50", "1,000", "0", "0", "0", "0", "0", "5"),
        ("FAISS", "50", "1,000", "7", "1", "0", "0", "1", "not watched"),
    ]


def test_the_plot_has_a_line_for_each_known_peer_and_the_memory() -> None:
    (picture,) = [block for block in blocks(REPORT) if isinstance(block, Picture)]
    assert picture.data.decode().count('<path class="path') == 4
    assert "memory limit" in picture.data.decode()


def test_measurements_of_crashes_and_labels_can_be_compared() -> None:
    figures = REPORT.figures()
    assert figures["killed/FAISS/lost"] == single_value(7, "rows", LOWER, 50)
    assert figures["2000/Chroma/labels"].value == 1.0
    document = REPORT.as_json()
    assert list(document) == [
        *("dim", "k", "threads", "seed", "effort", "absent", "measured", "memory_limit", "kept", "ok"),
    ]
    assert document["memory_limit"]["1000"]["unit"] == "ms"
    assert document["kept"][0] == asdict(CRASH)
    assert REPORT.ok
