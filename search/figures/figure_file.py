"""Encode figures and write them to files."""

import errno
import io
import os
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from search.errors import FigureUnusable
from storage.errors import StoreUnwritable
from storage.files import durable

#: matplotlib has more formats, some of which need other programs or contain the time of writing.
FORMATS = ("jpeg", "jpg", "pdf", "png", "svg", "tif", "tiff", "webp")

DPI = 150


def require_writable(path: Path) -> None:
    """Raise FigureUnusable when a figure cannot be written to the path, before any work is done for it."""
    if path.suffix.removeprefix(".").lower() not in FORMATS:
        raise FigureUnusable(f"expected a figure's name to end in one of {', '.join(FORMATS)}, got {path}")
    if not path.parent.is_dir():
        raise FigureUnusable(
            f"expected a folder for the figure {path.name}, found none at {path.parent}: make it first"
        )
    if path.is_dir():
        raise _not_writable(path, os.strerror(errno.EISDIR))
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise _not_writable(path, os.strerror(errno.EACCES))


def _not_writable(path: Path, reason: str) -> FigureUnusable:
    return FigureUnusable(f"expected to write the figure {path}, got '{reason}': name another path, or make room")


def encode(figure: Figure, format: str = "png") -> bytes:
    """Return a figure as the bytes of a file; equal figures give equal bytes."""
    data = io.BytesIO()
    # Without the time of writing and with a fixed salt for an SVG's ids, the bytes change only when the figure does.
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(format)
    with mpl.rc_context({"svg.hashsalt": "lookalike"}):
        figure.savefig(data, format=format, dpi=DPI, metadata=metadata)
    return data.getvalue()


def save(figure: Figure, path: Path) -> None:
    """Replace the file at the path atomically; raise FigureUnusable, leaving an existing file untouched."""
    require_writable(path)
    try:
        durable.replace_file(path, encode(figure, path.suffix.removeprefix(".").lower()))
    except StoreUnwritable as error:
        raise _not_writable(path, getattr(error.__cause__, "strerror", None) or str(error)) from error
