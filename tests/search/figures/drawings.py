"""What figures are drawn of in tests, and what they show."""

from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from search.figures import figure_file
from storage import Hit, Item
from tests.toys import grey, png

ITEM = Item(0, "query", "cat", {}, b"digest")
THUMBNAILS = {id: png(grey(40 * id)) for id in range(4)}
ODD_LABELS = [
    "$x$",
    "$",
    "\\$",
    "two\nlines",
    "_hidden",
    "",
    " ",
    "tab\there",
    "very long " * 9,
    "a_b^c",
    "%&{}\\",
]

SCRIPTS = [
    "猫和狗在一起",
    "قطة صغيرة",
    "🐱 cat",
    "🤖 robot",
    "кошка",
    "γάτα",
    "กขค",
    "हिन्दी",
    "고양이",
    "MANCHESTER UNITED",
]


def hits(*labels: str | None) -> tuple[Hit, ...]:
    return tuple(Hit(rank, rank, f"key {rank}", label, rank / 4, {}) for rank, label in enumerate(labels, start=1))


def frame(axes: Axes) -> set[str]:
    """Return the colours of the spines around an image."""
    return {to_hex(spine.get_edgecolor()) for spine in axes.spines.values()}


def frames(figure: Figure) -> list[set[str]]:
    return [frame(axes) for axes in figure.axes]


def captions(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.texts]


def size(data: bytes) -> tuple[int, int]:
    """Return an image file's width and height in pixels."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return int(image.shape[1]), int(image.shape[0])


def save(figure: Figure, path: Path) -> None:
    figure_file.save(figure, figure_file.figure_output(path))
