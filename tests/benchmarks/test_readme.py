"""The README's results are those of the report that is kept beside it, and in the form that is written today."""

import json
from pathlib import Path

import pytest

from benchmarks.errors import UnfitForBenchmark
from benchmarks.readme import BEGIN, END, replaced, results, write_results

ROOT = Path(__file__).parents[2]


def test_readme_shows_what_the_kept_report_says() -> None:
    document = json.loads((ROOT / "docs" / "report.json").read_text())
    page = (ROOT / "README.md").read_text()
    assert page[page.index(BEGIN) : page.index(END) + len(END)] == results(document)
    assert document["made"] in results(document)
    assert document["machine"]["processor"].split()[0] in results(document)


def test_only_what_stands_between_the_markers_is_replaced() -> None:
    assert (
        replaced(f"before\n{BEGIN}\nold\n{END}\nafter\n", f"{BEGIN}\nnew\n{END}")
        == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    )


def test_results_hold_what_was_measured_and_leave_out_what_was_not(tmp_path: Path) -> None:
    machine = {"processor": "Abacus", "cores": 2, "memory_gib": 3.9, "flags": ["beads"]}
    exactness = [{"queries": 1000, "k": 10, "errors": 0, "alone_differs": 0}]
    document = {"made": "2026-11-27", "machine": machine, "exactness": exactness, "figures": {}}
    report, page, kept = tmp_path / "report.json", tmp_path / "page.md", tmp_path / "kept.json"
    report.write_text(json.dumps(document))
    page.write_text(f"# Page\n\n{BEGIN}\n{END}\n")
    write_results(report, page, kept)
    assert page.read_text() == (
        f"# Page\n\n{BEGIN}\n\n"
        "Compared with scikit-learn's search in float64, 0 of 10,000 neighbours are wrong.\n\n"
        "Measured on 2026-11-27 with `python -m benchmarks all` on 2 cores of Abacus, beads, 4 GiB.\n"
        "[docs/report.json](docs/report.json) has every figure with its spread.\n\n"
        f"{END}\n"
    )
    assert json.loads(kept.read_text()) == document


def test_sizes_and_whole_jobs_are_told_beside_what_they_are_measured_by() -> None:
    job = {"recipe": "retrieval", "precision": "bfloat16", "images_per_second": 2033.7, "ratio": 8.17}
    document = {
        "made": "2026-11-27",
        "machine": {"processor": "Abacus", "cores": 2, "memory_gib": None, "flags": []},
        "sizes": {"sizes": [{"vectors": 60_000, "single": {"p50_ms": 1.153}, "ratio_product": 1.94}]},
        "throughput": {"images": 70_000, "jobs": [job]},
    }
    said = " ".join(results(document).split())
    assert "as many times what one product of all vectors with it takes, 1.15 ms of 60,000 (1.9)." in said
    assert (
        "Of 70,000 images, whole jobs from the files to committed rows embed 2,034 a second with `retrieval` in "
        "bfloat16 (8.2); in brackets as many times Keras' `predict` alone."
    ) in said


@pytest.mark.parametrize(
    ("report", "page", "message"),
    [
        ("", BEGIN + END, "expected a report.json and a page, got Expecting value"),
        ("{}", BEGIN + END, "expected a report with figures at"),
        ('{"figures": {}, "made": "", "machine": {"processor": "", "cores": 1, "memory_gib": null, "flags": []}}', "",
         "expected a page with the markers"),
    ],
)  # fmt: skip
def test_what_is_no_report_and_what_is_no_page_are_refused(
    tmp_path: Path, report: str, page: str, message: str
) -> None:
    (tmp_path / "report.json").write_text(report)
    (tmp_path / "page.md").write_text(page)
    with pytest.raises(UnfitForBenchmark) as caught:
        write_results(tmp_path / "report.json", tmp_path / "page.md", tmp_path / "kept.json")
    assert str(caught.value).startswith(message)
    assert not (tmp_path / "kept.json").exists()
