"""The report's files: report.json, report.md with its pictures, and one self-contained report.html."""

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from benchmarks.parts.section import Picture
from storage.files import durable

if TYPE_CHECKING:
    from benchmarks.report import Report


def write_pages(report: "Report", out: Path) -> None:
    """Write the pictures, and then the pages that show them."""
    document = report.as_json()
    told = {
        "report": document,
        "parts": list(report.parts.values()),
        "outcomes": report.outcomes,
        "failed": report.failed,
        "machine": document["machine"],
    }
    for outcome in report.outcomes.values():
        for picture in outcome.section.pictures:
            durable.replace_file(out / picture.name, picture.data)
    pages = {
        "report.json": json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        "report.md": _templates().get_template("report.md.j2").render(**told),
        "report.html": _templates().get_template("report.html.j2").render(**told, inlined=inlined),
    }
    for name, text in pages.items():
        durable.replace_file(out / name, text.encode())


def inlined(picture: Picture) -> Markup:
    """Return a picture as a part of the page: an SVG as it is, so that it is light or dark with it."""
    if picture.is_svg:
        return Markup(picture.data.decode())  # noqa: S704 - our own drawing, whose texts are escaped
    source = f"data:image/png;base64,{base64.b64encode(picture.data).decode('ascii')}"
    return Markup('<img src="{}" alt="{}">').format(source, picture.alt)


def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("benchmarks", ""),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["cell"] = _markdown_cell
    return templates


def _markdown_cell(text: Any) -> str:
    """Return a text as it may stand in a cell of a Markdown table."""
    return str(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
