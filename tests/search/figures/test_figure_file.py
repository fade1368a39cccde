"""Figures as files: their formats, and which files they replace."""

import errno
import os
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from search.errors import FigureUnusable
from search.figures import figure_file
from search.figures.neighbours_figure import draw_neighbours
from search.results import QueryResult
from storage.errors import OutputRefused
from tests.errors import error_message
from tests.search.figures.drawings import (
    ITEM,
    THUMBNAILS,
    hits,
    save,
)
from tests.toys import grey, png

STARTS = {
    "jpeg": b"\xff\xd8\xff",
    "jpg": b"\xff\xd8\xff",
    "pdf": b"%PDF",
    "png": b"\x89PNG",
    "svg": b"<?xml",
    "tif": b"II*\x00",
    "tiff": b"II*\x00",
    "webp": b"RIFF",
}


@pytest.mark.parametrize(
    ("suffix", "start"), [*((f".{name}", start) for name, start in STARTS.items()), (".PNG", b"\x89PNG")]
)
def test_the_suffix_selects_the_format_and_equal_figures_have_equal_bytes(
    tmp_path: Path, suffix: str, start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"figure{suffix}"
    written = []
    for time in ("1", "1000000000"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", time)
        save(draw_neighbours([QueryResult("item 0", hits("cat"), item=ITEM)], THUMBNAILS), path)
        written.append(path.read_bytes())
    assert written[0].startswith(start)
    assert written[0] == written[1]


@pytest.mark.parametrize("suffix", figure_file.FORMATS)
def test_a_figure_is_recognized_and_replaced_and_a_figure_of_another_program_is_not(
    tmp_path: Path, suffix: str
) -> None:
    ours, theirs = tmp_path / f"ours.{suffix}", tmp_path / f"theirs.{suffix}"
    for _ in range(2):
        save(Figure(), ours)
    Figure().savefig(theirs)
    before = theirs.read_bytes()
    assert [figure_file.is_figure(path) for path in (ours, theirs)] == [True, False]
    assert error_message(OutputRefused, save, Figure(), theirs) == (
        f"expected a new file for the figure, got {theirs}, which is no figure of Lookalike's: "
        "name another path, or give --force to replace it"
    )
    assert theirs.read_bytes() == before
    figure_file.save(Figure(), figure_file.figure_output(theirs, force=True))
    assert theirs.read_bytes() == ours.read_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Software: Lookalike",
        png(grey(3)),
        png(grey(3))[:20],
        b"%PDF-1.4 by Lookalike",
        b"<?xml version='1.0'?><svg><title>Lookalike</title></svg>",
        b"GIF89a Lookalike",
    ],
)
def test_another_file_is_no_figure(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "other.png").write_bytes(data)
    assert not figure_file.is_figure(tmp_path / "other.png")
    assert not figure_file.is_figure(tmp_path / "none.png")


def test_every_format_is_tested_above() -> None:
    assert tuple(STARTS) == figure_file.FORMATS


@pytest.mark.parametrize("name", ["figure.txt", "figure", "figure.", ".png", "figure.png.zip", "figure.pgf"])
def test_an_unsupported_suffix_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    assert error_message(FigureUnusable, save, Figure(), tmp_path / name) == (
        f"expected a figure's name to end in one of jpeg, jpg, pdf, png, svg, tif, tiff, webp, got {tmp_path / name}"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_refused_and_not_created(tmp_path: Path) -> None:
    assert error_message(FigureUnusable, save, Figure(), tmp_path / "none" / "figure.png") == (
        f"expected a folder for the figure figure.png, found none at {tmp_path / 'none'}: make it first"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_the_figures_name_is_refused_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "figure.png").mkdir()
    assert error_message(FigureUnusable, figure_file.figure_output, tmp_path / "figure.png") == (
        f"expected to write the figure {tmp_path / 'figure.png'}, got 'Is a directory': name another path, or make room"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["figure.png"]


def test_a_folder_that_may_not_be_written_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whoever runs the tests as root may write everywhere.
    monkeypatch.setattr("os.access", lambda path, _: path != tmp_path)
    assert error_message(FigureUnusable, figure_file.figure_output, tmp_path / "figure.png") == (
        f"expected to write the figure {tmp_path / 'figure.png'}, got 'Permission denied': "
        "name another path, or make room"
    )


def test_a_full_disk_is_reported_in_one_line_and_the_old_figure_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    save(Figure(), tmp_path / "figure.png")
    old = (tmp_path / "figure.png").read_bytes()
    monkeypatch.setattr("os.fsync", full)
    assert error_message(FigureUnusable, save, Figure(), tmp_path / "figure.png") == (
        f"expected to write the figure {tmp_path / 'figure.png'}, got 'No space left on device': "
        "name another path, or make room"
    )
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"figure.png": old}
