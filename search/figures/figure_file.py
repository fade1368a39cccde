"""What all figures share: colours, type sizes, and how a figure is written to a file."""

import errno
import io
import os
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from search.errors import FigureUnusable
from storage.errors import StoreUnwritable
from storage.files import durable

#: What a figure can be written as. matplotlib knows more, some of which need other programs or change with the time.
FORMATS = ("jpeg", "jpg", "pdf", "png", "svg", "tif", "tiff", "webp")

#: Dots per inch of a figure in pixels.
DPI = 150

INK = "#1f2328"
FAINT = "#6e7781"

#: A bluish green and a red, which the colour-blind tell apart better than green and red.
RIGHT = "#008f7a"
WRONG = "#c4291c"


def require_writable(path: Path) -> None:
    """Raise FigureUnusable at once when a figure could not be written to the path later."""
    if path.suffix.removeprefix(".").lower() not in FORMATS:
        raise FigureUnusable(f"expected a figure's name to end in one of {', '.join(FORMATS)}, got {path}")
    if not path.parent.is_dir():
        raise FigureUnusable(
            f"expected a folder for the figure {path.name}, found none at {path.parent}: make it first"
        )
    if path.is_dir():
        raise _refused(path, os.strerror(errno.EISDIR))
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise _refused(path, os.strerror(errno.EACCES))


def _refused(path: Path, reason: str) -> FigureUnusable:
    return FigureUnusable(f"expected to write the figure {path}, got '{reason}': name another place, or make room")


def encoded(figure: Figure, format: str = "png") -> bytes:
    """Return a figure as the bytes of a file; the same figure gives the same bytes."""
    data = io.BytesIO()
    # Without its time of making, a figure changes only when what it shows does.
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(format)
    # An SVG's identifiers are random unless they are salted.
    with mpl.rc_context({"svg.hashsalt": "lookalike"}):
        figure.savefig(data, format=format, dpi=DPI, metadata=metadata)
    return data.getvalue()


def save(figure: Figure, path: Path) -> None:
    """Write a figure to a file in one step; raise FigureUnusable, with what was there before untouched."""
    require_writable(path)
    try:
        durable.replace_file(path, encoded(figure, path.suffix.removeprefix(".").lower()))
    except StoreUnwritable as error:
        raise _refused(path, getattr(error.__cause__, "strerror", None) or str(error)) from error
