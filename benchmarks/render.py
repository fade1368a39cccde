"""The files of a report: report.json, report.md with its pictures, report.html, and the explorer that they link to."""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.errors import UnfitForBenchmark
from benchmarks.parts import Outcome, Part
from benchmarks.parts.section import Picture
from storage.files.output_file import KnowsFiles, OutputFile

_DOCUMENT = "report.json"
_PAGES = (_DOCUMENT, "report.md", "report.html")

if TYPE_CHECKING:
    # Only a report needs Jinja, so that every other command runs without it.
    from jinja2 import Environment
    from markupsafe import Markup


def require_replaceable(out: Path, *known: KnowsFiles, force: bool = False) -> None:
    """Raise OutputRefused if a report's page or picture would replace one in the folder `out` that is no report's."""
    for pattern in (*_PAGES, "*.png", "*.svg", "explorer-*.html"):
        for path in sorted(out.glob(pattern)):
            _report_file(path, force=force).require_replaceable(*known)


def _report_file(path: Path, *, force: bool) -> OutputFile:
    """Return a file of a report: it is Lookalike's if there is a report.json beside it."""
    return OutputFile(path, "report", lambda path: is_report(path.with_name(_DOCUMENT)), force)


def write_pages(
    document: Mapping[str, Any],
    parts: Sequence[Part],
    outcomes: Mapping[str, Outcome],
    out: Path,
    *,
    force: bool = False,
) -> None:
    """Write a report to the folder `out`: its document first, by which the folder is recognized, its pages last.

    `document` is the report as JSON; a part without an outcome has its reason in the document's `failed`.
    """
    templates = _templates()
    values = {"report": document, "machine": document["machine"], "parts": parts, "outcomes": outcomes}
    files = {
        _DOCUMENT: (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode(),
        **{name: data for outcome in outcomes.values() for name, data in outcome.section.files.items()},
        **{page: templates.get_template(f"{page}.j2").render(values).encode() for page in _PAGES[1:]},
    }
    for name, data in files.items():
        _report_file(out / name, force=force).write_bytes(data)


def read_report(path: Path) -> Mapping[str, Any]:
    """Return a report.json as a document; raise UnfitForBenchmark for another file."""
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UnfitForBenchmark(f"expected a report at {path}, got {error}: give a report.json") from None
    if not isinstance(document, dict) or not isinstance(document.get("figures"), dict):
        raise UnfitForBenchmark(f"expected a report with figures at {path}, got none: write it with `benchmarks all`")
    return document


def is_report(path: Path) -> bool:
    """Return whether a file is a report.json."""
    try:
        return {"machine", "made"} <= read_report(path).keys()
    except UnfitForBenchmark:
        return False


def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    templates = Environment(
        loader=PackageLoader("benchmarks", ""),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters |= {"markdown_cell": _markdown_cell, "inline": _inline}
    return templates


def _inline(picture: Picture) -> "Markup":
    """Return a picture as HTML; an SVG becomes part of the page, so that it follows the page's colour scheme."""
    from markupsafe import Markup

    if picture.is_svg:
        return Markup(picture.data.decode())  # noqa: S704 - drawn by `parts.plots`, which escapes every text
    source = f"data:image/png;base64,{base64.b64encode(picture.data).decode('ascii')}"
    return Markup('<img src="{}" alt="{}">').format(source, picture.alt)


def _markdown_cell(value: object) -> str:
    """Escape a value for a cell of a Markdown table."""
    return str(value).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
