"""The report as files: whole, self-contained, and right in a real browser."""

import base64
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from benchmarks import report as report_module
from benchmarks.report import Report, shown_queries, write_report
from ingest.sources import ListedSource
from search import QueryResult
from storage import Hit, Item
from tests.toys import TOY, grey_source, toy_backbone

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def report(out: Path) -> Report:
    levels = {f"image {number}": int(level) for number, level in enumerate(np.random.default_rng(7).permutation(120))}
    source: ListedSource = grey_source(
        levels, {key: "<b>&</b>" if level < 60 else "b" for key, level in levels.items()}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report_module, "RECIPES", {"toy": TOY})
        return write_report(source, out, out / "stores", test=20, make_backbone=toy_backbone())


def test_the_folder_holds_the_pages_the_figures_and_the_stores(report: Report, out: Path) -> None:
    assert sorted(path.name for path in out.iterdir()) == [
        *("map-toy.png", "neighbours-toy.png", "report.html", "report.json", "report.md", "stores"),
    ]
    assert report.ok


def test_the_json_is_the_report(report: Report, out: Path) -> None:
    document = json.loads((out / "report.json").read_text())
    assert document == json.loads(json.dumps(report.as_json()))
    assert [part["recipe"] for part in document["accuracy"]] == ["toy"]
    assert document["exactness"][0]["errors"] == 0


def test_the_page_needs_nothing_but_itself(report: Report, out: Path) -> None:
    page = (out / "report.html").read_text()
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert [source.partition(",")[0] for source in sources] == ["data:", *["data:image/png;base64"] * 2]
    assert [base64.b64decode(source.partition(",")[2]) for source in sources[1:]] == [
        (out / "neighbours-toy.png").read_bytes(),
        (out / "map-toy.png").read_bytes(),
    ]
    assert "http" not in page
    assert report.source in page


def test_a_label_that_looks_like_html_is_shown_as_text(report: Report, out: Path) -> None:
    class Text(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[str] = []

        def handle_data(self, data: str) -> None:
            self.seen.append(data)

    parser = Text()
    parser.feed((out / "report.html").read_text())
    assert report.accuracy[0].labels == ["<b>&</b>", "b"]
    assert parser.seen.count("<b>&</b>") == 2


def test_the_markdown_shows_figures_that_exist(report: Report, out: Path) -> None:
    text = (out / "report.md").read_text()
    assert [name for name in re.findall(r"!\[[^]]*\]\(([^)]*)\)", text) if not (out / name).is_file()] == []
    assert f"| {report.accuracy[0].one_nn_accuracy:.4f} |" in text


def test_every_page_ends_with_a_line(report: Report, out: Path) -> None:
    assert report.ok
    assert [(out / f"report.{kind}").read_text()[-1] for kind in ("html", "json", "md")] == ["\n"] * 3


def test_queries_are_shown_once_the_first_ones_and_then_some_with_a_wrong_nearest_neighbour() -> None:
    results = [
        QueryResult(str(id), (Hit(1, 9, "9", "a" if id in right else "b", 0.5, {}),), Item(id, str(id), "a", {}, b""))
        for right in [{0, 2, 5}]
        for id in range(10)
    ]
    assert [result.asked for result in shown_queries(results)] == ["0", "1", "2", "3", "4", "6"]
    assert shown_queries(results[:3]) == results[:3]


@pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM: the page was not opened in a browser")
@pytest.mark.parametrize("width", [1280, 400])
def test_a_browser_shows_every_figure_and_nothing_wider_than_the_window(
    report: Report, out: Path, tmp_path: Path, width: int
) -> None:
    # A window cannot be made as narrow as a telephone, a frame can. The page in it tells what it sees, and the frame's
    # owner keeps that in its own title, which the browser prints.
    probe = (
        "<script>const tell = seen => parent.postMessage(JSON.stringify(seen), '*');"
        "addEventListener('error', e => tell('error: ' + e.message));"
        "addEventListener('load', (_, all = document.documentElement) => "
        "tell([innerWidth, all.scrollWidth - all.clientWidth, innerWidth > 1000"
        " ? [...document.querySelectorAll('.wide')].map(t => t.scrollWidth - t.clientWidth) : [],"
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
        (tmp_path / "frame.html").as_uri(),
    ]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    title = re.search(r"<title>(.*?)</title>", shown)
    assert report.ok
    assert title is not None
    # On a telephone tables are pushed aside one by one; on a desk each is seen whole.
    assert json.loads(title.group(1)) == [width, 0, [0] * 4 if width > 1000 else [], [True, True]]
