"""What all figures share: colours, type sizes, and how a figure is written to a file."""

import io
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from search.errors import FigureUnusable
from storage import durable

#: Dots per inch of a figure in pixels.
DPI = 150

INK = "#1f2328"
FAINT = "#6e7781"
RIGHT = "#1a7f37"
WRONG = "#cf222e"
OTHER = "#b8bfc6"

#: Ten colours chosen to be told apart, also by the colour-blind: Petroff, "Accessible Color Sequences for Data
#: Visualization", 2021. Twenty are the most that a legend can carry.
FEW = mpl.color_sequences["petroff10"]
MANY = mpl.color_sequences["tab20"]


def formats() -> list[str]:
    """Return the file formats that a figure can be written in."""
    return sorted(Figure().canvas.get_supported_filetypes())


def require_writable(path: Path) -> None:
    """Raise FigureUnusable at once when a figure could not be written to the path later."""
    if path.suffix.removeprefix(".").lower() not in formats():
        raise FigureUnusable(f"expected a figure's name to end in one of {', '.join(formats())}, got {path}")
    if not path.parent.is_dir():
        raise FigureUnusable(
            f"expected a folder for the figure {path.name}, found none at {path.parent}: make it first"
        )


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
    """Write a figure to a file in one step; raise FigureUnusable or StoreUnwritable."""
    require_writable(path)
    durable.replace_file(path, encoded(figure, path.suffix.removeprefix(".").lower()))
