"""Encode figures and write them to files."""

import errno
import io
import os
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from PIL import Image

from search.errors import FigureUnusable
from storage.errors import StoreUnwritable
from storage.files.output_file import KnowsFiles, OutputFile

#: matplotlib has more formats, some of which need other programs or contain the time of writing.
FORMATS = ("jpeg", "jpg", "pdf", "png", "svg", "tif", "tiff", "webp")

DPI = 150

#: The name of the program in each figure's metadata, by which `is_figure` recognizes it.
SOFTWARE = "Lookalike"

#: The EXIF tag of the program, https://www.cipa.jp/std/documents/download_e.html?DC-008-Translation-2023-E.
_SOFTWARE_TAG = 0x0131

#: The first bytes of SVG and PDF, and their marks.
_TEXT_STARTS = (b"<?xml", b"%PDF-")
_MARKS = (
    re.compile(rb"<dc:creator>\s*<cc:Agent>\s*<dc:title>" + SOFTWARE.encode() + rb"</dc:title>"),
    re.compile(rb"/Creator \(" + SOFTWARE.encode() + rb"\)"),
)

#: The size in bytes up to which an SVG or PDF is searched for its mark.
_MAX_TEXT_SIZE = 2**28


def figure_output(path: Path, *, force: bool = False, inputs: Sequence[Path | None] = ()) -> OutputFile:
    """Return the file of a figure; raise FigureUnusable, before any work is done, when none can be written there.

    See `OutputFile` for `force` and `inputs`.
    """
    if _format_of(path) not in FORMATS:
        raise FigureUnusable(f"expected a figure's name to end in one of {', '.join(FORMATS)}, got {path}")
    if not path.parent.is_dir():
        raise FigureUnusable(
            f"expected a folder for the figure {path.name}, found none at {path.parent}: make it first"
        )
    if path.is_dir():
        raise _not_writable(path, os.strerror(errno.EISDIR))
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise _not_writable(path, os.strerror(errno.EACCES))
    return OutputFile(path, "figure", is_figure, force, [file for file in inputs if file is not None])


def _not_writable(path: Path, reason: str) -> FigureUnusable:
    return FigureUnusable(f"expected to write the figure {path}, got '{reason}': name another path, or make room")


def _format_of(path: Path) -> str:
    return path.suffix.removeprefix(".").lower()


def is_figure(path: Path) -> bool:
    """Return whether a file is a figure that `encode` made."""
    try:
        with path.open("rb") as file:
            is_text = file.read(5) in _TEXT_STARTS
        if is_text:
            return path.stat().st_size <= _MAX_TEXT_SIZE and any(mark.search(path.read_bytes()) for mark in _MARKS)
        with warnings.catch_warnings(action="ignore"), Image.open(path) as image:
            return SOFTWARE in (image.info.get("Software"), image.getexif().get(_SOFTWARE_TAG))
    except Exception:
        # Whatever Pillow finds wrong with it, `encode` did not write it.
        return False


def encode(figure: Figure, format: str = "png") -> bytes:
    """Return a figure as the bytes of a file; equal figures give equal bytes."""
    data = io.BytesIO()
    # Without the time of writing and with a fixed salt for an SVG's ids, the bytes change only when the figure does.
    with mpl.rc_context({"svg.hashsalt": "lookalike"}):
        figure.savefig(data, format=format, dpi=DPI, **_metadata(format))
    return data.getvalue()


def _metadata(format: str) -> dict[str, Any]:
    """Return the arguments of `savefig` that write the program's name into a figure, and no time."""
    match format:
        case "png":
            return {"metadata": {"Software": SOFTWARE}}
        case "svg":
            return {"metadata": {"Creator": SOFTWARE, "Date": None}}
        case "pdf":
            return {"metadata": {"Creator": SOFTWARE, "CreationDate": None}}
    exif = Image.Exif()
    exif[_SOFTWARE_TAG] = SOFTWARE
    return {"pil_kwargs": {"exif": exif}}


def save(figure: Figure, output: OutputFile) -> None:
    """Write a figure's file; raise FigureUnusable or OutputRefused, leaving an existing file untouched."""
    try:
        output.write_bytes(encode(figure, _format_of(output.path)))
    except StoreUnwritable as error:
        raise _not_writable(output.path, getattr(error.__cause__, "strerror", None) or str(error)) from error


def save_pages(figures: Iterable[Figure], output: OutputFile, *known: KnowsFiles) -> list[Path]:
    """Write the first figure to a file, the others to files beside it, and return their paths; raise as `save` does.

    The second page of `groups.png` is `groups-2.png`. A file that `known` stores have is never replaced.
    """
    paths = []
    for number, figure in enumerate(figures, start=1):
        path = output.path if number == 1 else output.path.with_stem(f"{output.path.stem}-{number}")
        page = output if number == 1 else replace(output, path=path)
        if number > 1:
            page.require_replaceable(*known)
        save(figure, page)
        paths.append(path)
    return paths
