"""The files of a report: report.json, report.md with its pictures, and one self-contained report.html."""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.errors import UnfitForBenchmark
from benchmarks.parts import Outcome, Part
from benchmarks.parts.section import Picture
from storage.files import durable

if TYPE_CHECKING:
    # Only a report needs Jinja, so that every other command runs without it.
    from jinja2 import Environment
    from markupsafe import Markup


def write_pages(document: Mapping[str, Any], parts: Sequence[Part], outcomes: Mapping[str, Outcome], out: Path) -> None:
    """Write the pictures of all outcomes to the folder `out`, and then the pages that show them.

    `document` is the report as JSON; a part without an outcome has its reason in the document's `failed`.
    """
    for outcome in outcomes.values():
        for picture in outcome.section.pictures:
            durable.replace_file(out / picture.name, picture.data)
    templates = _templates()
    values = {"report": document, "machine": document["machine"], "parts": parts, "outcomes": outcomes}
    pages = {
        "report.json": json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        "report.md": templates.get_template("report.md.j2").render(values),
        "report.html": templates.get_template("report.html.j2").render(values),
    }
    for name, page in pages.items():
        durable.replace_file(out / name, page.encode())


def read_report(path: Path) -> Mapping[str, Any]:
    """Return a report.json as a document; raise UnfitForBenchmark for another file."""
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UnfitForBenchmark(f"expected a report at {path}, got {error}: give a report.json") from None
    if not isinstance(document, dict) or not isinstance(document.get("figures"), dict):
        raise UnfitForBenchmark(f"expected a report with figures at {path}, got none: write it with `benchmarks all`")
    return document


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
