"""The report as files: complete, self-contained, and right in a real browser."""

import base64
import importlib.util
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from benchmarks.common.measurement import LOWER, single_value
from benchmarks.common.named_source import NamedSource
from benchmarks.parts import PARTS, Context, Outcome, Part
from benchmarks.parts.figures import select_rows
from benchmarks.parts.plots import Line, draw_lines
from benchmarks.parts.section import Block, Grid, Picture, Section, Text
from benchmarks.report import Report, write_report
from ingest.sources import open_source
from search import QueryResult
from storage import Hit, Item
from storage.errors import ExtraMissing, OutputRefused
from tests.errors import error_message
from tests.search.explorer.page_data import json_of
from tests.toys import TOY, grey_source, toy_backbone, write_greys

pytestmark = pytest.mark.heavy

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

#: The parts that measure Lookalike on the source; the others start processes and have their own tests.
MEASURED = ("exactness", "accuracy", "latency", "load", "looks")


def compare_two(_: Context) -> Outcome:
    plot = draw_lines([Line("<ours>", [(10, 1), (1000, 20)], ours=True), Line("b", [(10, 2), (1000, 90)])], "n", "ms")
    blocks: list[Block] = [
        Text("a note on <b>", faint=True),
        Grid(("", "ms"), [("Lookalike", "1"), ("a|b", "2")], strong=1),
        Picture("peers.svg", plot, "two lines", "Two lines."),
    ]
    return Outcome({"n": 1}, [], {"ours/ms": single_value(1.0, "ms", LOWER)}, Section(blocks), "1 other", "beside ours")


def fail(_: Context) -> Outcome:
    raise RuntimeError("no <disk>")


BROKEN = Part("broken", "Does it fail?", fail)
NO_PARTS: dict[str, Part] = {}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def stages() -> list[str]:
    return []


@pytest.fixture(scope="module")
def report(out: Path, stages: list[str]) -> Report:
    levels = {f"image {number}": int(level) for number, level in enumerate(np.random.default_rng(7).permutation(120))}
    labels = {key: "<b>&</b>" if level < 60 else "b" for key, level in levels.items()}
    context = Context(
        grey_source(levels, labels),
        out / "stores",
        20,
        toy_backbone(),
        quick=True,
        recipes={"toy": TOY},
        on_stage=stages.append,
    )
    parts = {name: PARTS[name] for name in MEASURED} | {
        "peers": Part("peers", "Compared with what?", compare_two),
        "broken": BROKEN,
    }
    return write_report(context, out, parts)


def test_the_folder_holds_the_pages_the_pictures_and_the_stores(report: Report, out: Path) -> None:
    assert sorted(path.name for path in out.iterdir()) == [
        *("accuracy.svg", "explorer-toy.html", "map-toy.png", "neighbours-toy.png", "peers.svg"),
        *("report.html", "report.json", "report.md", "stores"),
    ]
    assert list(report.outcomes) == [*MEASURED, "peers"]


@pytest.mark.usefixtures("report")
def test_the_pages_link_to_an_explorer_of_each_store(out: Path) -> None:
    text = "Look around in this store yourself: its explorer, recipe toy"
    assert f'<p><a href="explorer-toy.html">{text}</a></p>' in (out / "report.html").read_text()
    assert f"\n[{text}](explorer-toy.html)\n" in (out / "report.md").read_text()
    assert len(json_of(out / "explorer-toy.html", "items")["keys"]) == 120


def test_a_failed_part_is_reported_and_the_others_are_measured(report: Report, out: Path, stages: list[str]) -> None:
    assert report.failed == {"broken": "RuntimeError: no <disk>"}
    assert not report.ok
    assert stages[-1] == "broken FAILED: RuntimeError: no <disk>"
    assert "This part failed: RuntimeError: no &lt;disk&gt;" in (out / "report.html").read_text()
    assert "**This part failed:** RuntimeError: no <disk>" in (out / "report.md").read_text()


def test_without_jinja_nothing_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    context = Context(grey_source({}), tmp_path / "stores", 1, toy_backbone())
    with pytest.raises(ExtraMissing) as caught:
        write_report(context, tmp_path / "out", {"broken": BROKEN})
    assert str(caught.value) == (
        "expected the package jinja2, which is not installed: run `pip install -e '.[report]'` in Lookalike's folder"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_report_replaces_an_earlier_one_and_other_files_only_when_forced(tmp_path: Path) -> None:
    context = Context(grey_source({}), tmp_path / "stores", 1, toy_backbone())
    for _ in range(2):
        write_report(context, tmp_path / "report", NO_PARTS)
    pages = {path.name for path in (tmp_path / "report").iterdir()}
    assert pages == {"report.html", "report.json", "report.md"}
    for number, name in enumerate(("report.html", "report.json", "photograph.png", "explorer-of-mine.html")):
        theirs = tmp_path / str(number) / name
        theirs.parent.mkdir()
        theirs.write_text("theirs")
        assert error_message(OutputRefused, write_report, context, theirs.parent, {"broken": BROKEN}) == (
            f"expected a new file for the report, got {theirs}, which is no report of Lookalike's: "
            "name another path, or give --force to replace it"
        )
        assert [(path.name, path.read_text()) for path in theirs.parent.iterdir()] == [(name, "theirs")]
        write_report(context, theirs.parent, NO_PARTS, force=True)
        assert {path.name for path in theirs.parent.iterdir()} == pages | {name}


def test_a_report_never_replaces_a_file_of_its_source(tmp_path: Path) -> None:
    folder = write_greys(tmp_path / "pictures", {"neighbours-toy.png": 3})
    before = (folder / "neighbours-toy.png").read_bytes()
    name = f"folder:{folder}"
    context = Context(open_source(name), tmp_path / "stores", 1, toy_backbone())
    known = NamedSource(name, context.source)
    assert error_message(OutputRefused, lambda: write_report(context, folder, NO_PARTS, known, force=True)) == (
        f"expected a new file for the report, got {folder / 'neighbours-toy.png'}, which belongs to the store or its "
        "source: name another path"
    )
    assert [path.read_bytes() for path in folder.iterdir()] == [before]


def test_the_json_is_the_report_with_every_measurement_by_its_part(report: Report, out: Path) -> None:
    document = json.loads((out / "report.json").read_text())
    assert document == json.loads(json.dumps(report.as_json()))
    assert list(document) == [
        *("source", "made", "quick", "seed", "ok", "machine", "failed"),
        *("exactness", "accuracy", "latency", "load", "peers", "figures"),
    ]
    assert [part["recipe"] for part in document["accuracy"]] == ["toy"]
    assert document["exactness"][0]["errors"] == 0
    assert document["figures"]["exactness/toy/errors"] == {
        "value": 0,
        "low": 0,
        "high": 0,
        "unit": "errors",
        "better": "lower",
        "samples": 200,
        "of": "counted",
    }
    assert {name.partition("/")[0] for name in document["figures"]} == {*MEASURED[:4], "peers"}


def test_the_page_loads_nothing_from_elsewhere(report: Report, out: Path) -> None:
    page = (out / "report.html").read_text()
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    external = [source for source in sources if not source.startswith(("data:", "#"))]
    pictures = [base64.b64decode(source.partition(",")[2]) for source in sources if source.startswith("data:image")]
    # A link to the page beside it, which loads nothing until it is followed.
    assert external == ["explorer-toy.html"]
    assert pictures == [(out / f"{name}-toy.png").read_bytes() for name in ("neighbours", "map")]
    assert page.count("<svg ") == 2
    assert page.replace('xmlns="http://www.w3.org/2000/svg"', "").count("http") == 0
    assert report.source in page


def test_a_label_that_looks_like_html_is_shown_as_text(report: Report, out: Path) -> None:
    class TextParser(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.texts: list[str] = []

        def handle_data(self, data: str) -> None:
            self.texts.append(data)

    parser = TextParser()
    parser.feed((out / "report.html").read_text())
    assert report.outcomes["accuracy"].document[0]["labels"] == ["<b>&</b>", "b"]
    assert parser.texts.count("<b>&</b>") == 2
    assert parser.texts.count("<ours>") == 1


def test_the_markdown_shows_pictures_that_exist_and_tables_of_one_width(report: Report, out: Path) -> None:
    text = (out / "report.md").read_text()
    assert [name for name in re.findall(r"!\[[^]]*\]\(([^)]*)\)", text) if not (out / name).is_file()] == []
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    widths = [{len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()} for table in tables]
    assert [len(width) for width in widths] == [1] * len(tables)
    assert len(tables) == 7
    assert f"**{report.outcomes['accuracy'].document[0]['one_nn_accuracy']:.4f}**" in text
    assert "| a\\|b | **2** |" in text


@pytest.mark.usefixtures("report")
def test_every_page_ends_with_a_line_break(out: Path) -> None:
    assert [(out / f"report.{kind}").read_text()[-1] for kind in ("html", "json", "md")] == ["\n"] * 3


def test_the_first_four_queries_are_shown_and_then_three_with_a_wrong_nearest_neighbour() -> None:
    results = [
        QueryResult(str(id), (Hit(1, 9, "9", "a" if id in right else "b", 0.5, {}),), Item(id, str(id), "a", {}, b""))
        for right in [{0, 2, 5}]
        for id in range(10)
    ]
    assert [result.query for result in select_rows(results)] == ["0", "1", "2", "3", "4", "6", "7"]
    assert select_rows(results[:3]) == results[:3]


@pytest.mark.usefixtures("report")
@pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM: the page was not opened in a browser")
@pytest.mark.parametrize("width", [1280, 400])
def test_a_browser_shows_every_figure_and_nothing_wider_than_the_window(out: Path, tmp_path: Path, width: int) -> None:
    # A window cannot be as narrow as a telephone, a frame can. The page in the frame posts its sizes to the outer page,
    # which puts them into its title, which the browser prints.
    probe = (
        "<script>const tell = seen => parent.postMessage(JSON.stringify(seen), '*');"
        "addEventListener('error', e => tell('error: ' + e.message));"
        "addEventListener('load', (_, all = document.documentElement) => "
        "tell([innerWidth, all.scrollWidth - all.clientWidth,"
        "[...document.querySelectorAll('svg.plot')].map(p => p.getBoundingClientRect().width > 300),"
        "[...document.images].map(i => i.complete && i.naturalWidth > 0)]))</script>"
    )
    (tmp_path / "page.html").write_text((out / "report.html").read_text().replace("</head>", f"{probe}</head>"))
    (tmp_path / "frame.html").write_text(
        "<script>addEventListener('message', e => document.title ||= e.data)</script>"
        f"<iframe src='page.html' style='border: 0' width='{width}' height='900'></iframe>"
    )
    command = [
        *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--dump-dom"),
        *(f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1400,1000", "--virtual-time-budget=10000"),
        *("--enable-logging=stderr", "--v=0", (tmp_path / "frame.html").as_uri()),
    ]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    title = re.search(r"<title>(.*?)</title>", shown.stdout)
    assert title is not None
    assert json.loads(title.group(1)) == [width, 0, [True, True], [True, True]]
    assert [line for line in shown.stderr.splitlines() if "CONSOLE" in line] == []
