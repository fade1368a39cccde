"""The results in README.md and docs/results.md are those of `docs/report.json`, in the form that is written today."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.common.measurement import NO_VALUE
from benchmarks.errors import UnfitForBenchmark
from benchmarks.readme import replace_results, write_results
from benchmarks.readme_results import BEGIN, END, all_results, readme_results
from storage.errors import OutputRefused
from tests.errors import error_message
from tests.processes import REPOSITORY


@pytest.mark.parametrize(("page", "results"), [("README.md", readme_results), ("docs/results.md", all_results)])
def test_a_page_has_the_results_of_the_report(page: str, results: Callable[[Mapping[str, Any]], str]) -> None:
    document = json.loads((REPOSITORY / "docs" / "report.json").read_text())
    text = (REPOSITORY / page).read_text()
    assert text[text.index(BEGIN) : text.index(END) + len(END)] == results(document)


def test_all_results_say_when_and_on_what_they_were_measured() -> None:
    document = json.loads((REPOSITORY / "docs" / "report.json").read_text())
    assert document["made"] in all_results(document)
    assert document["machine"]["processor"].split()[0] in all_results(document)


def test_only_what_is_between_the_markers_is_replaced() -> None:
    assert (
        replace_results(f"before\n{BEGIN}\nold\n{END}\nafter\n", f"{BEGIN}\nnew\n{END}")
        == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    )


def test_parts_that_were_not_measured_have_no_section(tmp_path: Path) -> None:
    machine = {"processor": "Abacus", "cores": 2, "memory_gib": 3.9, "flags": ["beads"]}
    exactness = [{"queries": 1000, "k": 10, "errors": 0, "alone_differs": 0}]
    document = {"made": "2026-11-27", "machine": machine, "exactness": exactness, "figures": {}}
    report, copy = tmp_path / "report.json", tmp_path / "copy.json"
    pages = tmp_path / "readme.md", tmp_path / "results.md"
    report.write_text(json.dumps(document))
    for page in pages:
        page.write_text(f"# Page\n\n{BEGIN}\n{END}\n")
    write_results(report, *pages, copy)
    compared = (
        "Compared with scikit-learn's brute-force search in float64, 0 of 10,000 neighbours of one store are wrong."
    )
    assert pages[0].read_text() == (
        f"# Page\n\n{BEGIN}\n\n{compared}\n\n"
        "Measured with `python -m benchmarks all` on 2 cores: [docs/results.md](docs/results.md) has all results, the "
        "days and\nthe machines, [docs/report.json](docs/report.json) every number with its spread.\n\n"
        f"{END}\n"
    )
    assert pages[1].read_text() == (
        f"# Page\n\n{BEGIN}\n\n{compared}\n\n"
        "Measured on 2026-11-27 with `python -m benchmarks all` on 2 cores of Abacus, beads, 4 GiB. "
        "[report.json](report.json)\nhas every number with its spread.\n\n"
        f"{END}\n"
    )
    assert json.loads(copy.read_text()) == document


def test_sizes_and_ingest_jobs_are_tables_with_their_baselines() -> None:
    job = {"recipe": "retrieval", "precision": "bfloat16", "images_per_second": 2033.7, "ratio": 8.17}
    size = {"vectors": 60_000, "dim": 128, "k": 5, "single": {"p50_ms": 1.153}, "ratio_product": 1.94}
    document = {
        "made": "2026-11-27",
        "machine": {"processor": "Abacus", "cores": 2, "memory_gib": None, "flags": []},
        "sizes": {"sizes": [size]},
        "throughput": {"source": "fashion-mnist", "images": 70_000, "jobs": [job]},
    }
    assert all_results(document).splitlines()[2:-5] == [
        "## Speed of one query",
        "",
        "Random vectors of 128 dimensions, k = 5. The ratio is to one matrix-vector product of all float32 vectors "
        "with the",
        "query; below 1, 8-bit quantized vectors are searched first.",
        "",
        "| vectors | one query (ms) | ratio to one matrix-vector product |",
        "| --- | ---: | ---: |",
        "| 60,000 | 1.15 | 1.94 |",
        "",
        "## Embedding",
        "",
        "Whole ingest jobs of 70,000 images of `fashion-mnist`, from the files to committed rows.",
        "",
        "| recipe | precision | images/s | ratio to Keras `predict` |",
        "| --- | ---: | ---: | ---: |",
        "| `retrieval` | bfloat16 | 2,034 | 8.2 |",
    ]


MACHINE = {"processor": "Abacus", "cores": 2, "memory_gib": None, "flags": []}


def test_copies_are_a_table_of_sizes_and_moved_labels_a_sentence_beside_cleanlab() -> None:
    size = {"pictures": 600, "recall": 0.85, "forecast": 0.825, "right": 54, "called": 60}
    hashed = {"recall": 0.5, "called": 40, "right": 10}
    issues = {"precision_first": 0.814, "average_precision": 0.882}
    others = {"precision_first": 0.729, "average_precision": 0.704}
    counts = {"source": "digits, notebook", "items": 5000, "moved": 250}
    labels = {**counts, "lookalike": issues, "cleanlab": others}
    document = {
        "made": "2026-12-01",
        "machine": {"processor": "Abacus", "cores": 2, "memory_gib": None, "flags": []},
        "curation": {"copies": {"sizes": [{**size, "hashed": hashed}]}, "labels": labels},
    }
    about, table, sentence = all_results(document).split("\n\n")[2:5]
    assert " ".join(about.splitlines()) == (
        "Sixty altered copies among drawings and wallpapers of Debian's packages, from one or two folders of each "
        "size. A pair is right if both show one picture; PHash calls two pictures copies if at most 10 of 64 "
        "bits differ."
    )
    assert table.splitlines() == [
        "| pictures | copies found | foretold | right | PHash: found | PHash: right |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| 600 | 0.850 | 0.825 | 0.900 | 0.500 | 0.250 |",
    ]
    assert " ".join(sentence.splitlines()) == (
        "Of 5,000 labels (digits, notebook) 250 are moved at random. Among as many of the likeliest issues 81.4% are "
        "moved ones, by cleanlab 72.9%; the area under the precision-recall curve is 0.882, cleanlab's 0.704."
    )
    nothing = {"copies": None, "labels": None}
    assert all_results({**document, "curation": nothing}).splitlines()[2].startswith("Measured on ")


def test_the_notebook_is_a_table_of_the_published_accuracy_and_ours_with_its_spread() -> None:
    report = {
        "digits": "Some digits.",
        "queries": 1_000,
        "stored": 4_000,
        "accuracies": [0.88] * 25,
        "mean": 0.88123,
        "range95": [0.86, 0.9],
        "published": 0.87,
        "their_accuracy": 0.885,
        "share_below": 0.08,
        "others": [{"recipe": "retrieval", "one_nn_accuracy": 0.98, "ci95": [0.97, 0.99]}],
    }
    assert all_results({"made": "2026-11-27", "machine": MACHINE, "notebook": report}).splitlines()[2:-5] == [
        "## The notebook",
        "",
        "Some digits. The first 1,000 are queries, searched among the other 4,000. The notebook's dense layer is never "
        "trained:",
        "of 25 drawn ones 8% are at or below the published accuracy, and the interval holds 95 % of them.",
        "",
        "|  | 1-NN accuracy | 95 % interval |",
        "| --- | ---: | ---: |",
        "| published, one unknown seed | 0.8700 |  |",
        "| the notebook's code here, seed 0 | 0.8850 |  |",
        "| `notebook`, mean of 25 seeds | 0.8812 | 0.8600 to 0.9000 |",
        "| `retrieval` | 0.9800 | 0.970 to 0.990 |",
    ]


def test_a_data_set_is_a_table_of_errors_from_large_to_small_with_published_ones() -> None:
    def score(recipe: str, stored: int, error: float, seeds: int = 1) -> dict[str, object]:
        per_seed = [error] * seeds
        return {
            "recipe": recipe,
            "stored": stored,
            "per_seed": per_seed,
            "error": error,
            "ci95": [error / 2, 2 * error],
        }

    report = {
        "source": "mnist",
        "queries": 10_000,
        "scores": [score("raw pixels", 60_000, 0.031), score("metric", 1_000, 0.03), score("metric", 60_000, 0.004, 3)],
        "published": [
            {"method": "K-NN", "preprocessing": "none", "error": 0.0052, "where": "A table, http://x, B 2007"},
            {"method": "K-NN", "preprocessing": "deskewing", "error": 0.0051, "where": "A table, http://x, C 2008"},
        ],
    }
    assert all_results({"made": "2026-11-27", "machine": MACHINE, "mnist": report}).splitlines()[2:-5] == [
        "## All of `mnist`",
        "",
        "Each of the 10,000 test images gets the label of its nearest neighbour among 60,000. Published: A table, http://x.",
        "",
        "|  | test error | 95 % interval |",
        "| --- | ---: | ---: |",
        "| raw pixels | 3.10% | 1.55% to 6.20% |",
        "| K-NN | 0.52% | published |",
        "| K-NN, deskewing | 0.51% | published |",
        "| `metric`, mean of 3 seeds | 0.40% | 0.20% to 0.80% |",
    ]


def test_peers_are_a_table_of_their_second_smallest_size_and_a_table_of_losses_after_kills() -> None:
    def peer(name: str, vectors: int, labels: float | None, figures: dict[str, float]) -> dict[str, object]:
        values = {key: {"value": value} for key, value in figures.items()}
        return {"name": name, "vectors": vectors, "labels_right": labels, "figures": values}

    measured = [
        peer("Lookalike", 10, 1.0, {"one_p50": 9.0, "recall": 1.0}),
        *(peer("Lookalike", size, 1.0, {"one_p50": 0.7524, "many": 5653.2, "recall": 1.0}) for size in (20, 30)),
        peer("Other", 20, None, {"one_p50": 1.5, "recall": 0.95}),
        peer("Wrong", 20, 0.5, {"recall": 1.0}),
        peer("Slow", 20, None, {}),
    ]
    killed = {"name": "Lookalike", "kills": 50, "lost": 0, "half": 0, "unopened": 0, "flushes": 5.0}
    unwatched = killed | {"name": "Other", "lost": 1234, "half": 2, "unopened": 3, "flushes": None}
    document = {
        "made": "2026-11-27",
        "machine": {"processor": "Abacus", "cores": 2, "memory_gib": None, "flags": []},
        "peers": {"dim": 128, "k": 10, "measured": measured, "kept": [killed, unwatched]},
    }
    assert [line for line in all_results(document).splitlines() if line.startswith("|")] == [
        "|  | one query (ms) | batch (queries/s) | recall@10 | insert (rows/s) | open (ms) | memory (MiB) | labels |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        f"| Lookalike | 0.752 | 5,653 | 1 | {NO_VALUE} | {NO_VALUE} | {NO_VALUE} | yes |",
        f"| Other | 1.50 | {NO_VALUE} | 0.950 | {NO_VALUE} | {NO_VALUE} | {NO_VALUE} | no |",
        f"| Wrong | {NO_VALUE} | {NO_VALUE} | 1 | {NO_VALUE} | {NO_VALUE} | {NO_VALUE} | wrong ones |",
        f"| Slow | {' | '.join([NO_VALUE] * 7)} |",
        "|  | kills | acknowledged rows lost | partial inserts | stores that fail to open | fsyncs per insert |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| Lookalike | 50 | 0 | 0 | 0 | 5 |",
        f"| Other | 50 | 1,234 | 2 | 3 | {NO_VALUE} |",
    ]


@pytest.mark.parametrize(
    ("report", "page", "message"),
    [
        ("", BEGIN + END, "expected a report at REPORT, got Expecting value"),
        ("{}", BEGIN + END, "expected a report with figures at"),
        ('{"figures": {}, "made": "", "machine": {"processor": "", "cores": 1, "memory_gib": null, "flags": []}}', "",
         "expected a page with the markers"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_report_and_a_page_without_markers_are_refused(
    tmp_path: Path, report: str, page: str, message: str
) -> None:
    (tmp_path / "report.json").write_text(report)
    (tmp_path / "page.md").write_text(page)
    (tmp_path / "other.md").write_text(BEGIN + END)
    with pytest.raises(UnfitForBenchmark) as caught:
        write_results(tmp_path / "report.json", tmp_path / "other.md", tmp_path / "page.md", tmp_path / "copy.json")
    assert str(caught.value).startswith(message.replace("REPORT", str(tmp_path / "report.json")))
    assert not (tmp_path / "copy.json").exists()
    assert (tmp_path / "other.md").read_text() == BEGIN + END


def test_a_copy_replaces_an_earlier_report_and_another_file_only_when_forced(tmp_path: Path) -> None:
    report, page, copy = tmp_path / "report.json", tmp_path / "page.md", tmp_path / "copy.json"
    all_page = tmp_path / "results.md"
    machine = {"processor": "Abacus", "cores": 2, "memory_gib": None, "flags": []}
    report.write_text(json.dumps({"made": "2026-11-27", "machine": machine, "figures": {}}))
    all_page.write_text(BEGIN + END)
    page.write_bytes(f"# Page\r\n{BEGIN}\n{END}\r\n".encode())
    for _ in range(2):
        write_results(report, page, all_page, copy)
    assert json.loads(copy.read_bytes()) == json.loads(report.read_bytes())
    assert page.read_bytes().startswith(b"# Page\r\n")
    copy.write_text("{}")
    before = page.read_bytes()
    assert error_message(OutputRefused, write_results, report, page, all_page, copy) == (
        f"expected a new file for the report, got {copy}, which is no report of Lookalike's: "
        "name another path, or give --force to replace it"
    )
    assert (copy.read_text(), page.read_bytes()) == ("{}", before)
    write_results(report, page, all_page, copy, force=True)
    assert json.loads(copy.read_bytes()) == json.loads(report.read_bytes())
    assert error_message(OutputRefused, lambda: write_results(report, page, all_page, page, force=True)) == (
        f"expected a new file for the report, got {page}, which this command reads: name another path"
    )
