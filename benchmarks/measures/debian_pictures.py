"""Labelled drawings and photographs from three packages of Debian, which anybody can install with one command."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.errors import UnfitForBenchmark
from ingest.images.images import read_bytes
from ingest.sources import SourceImage, open_source

#: 8,121 drawings in 22 folders, in the public domain.
DRAWINGS = Path("/usr/share/openclipart/png")

#: Wallpapers, each in its own folder and in several sizes, and photographs of nature.
WALLPAPERS = Path("/usr/share/wallpapers")
NATURE = Path("/usr/share/backgrounds/mate/nature")

INSTALL = "sudo apt-get install openclipart-png plasma-workspace-wallpapers mate-backgrounds"


@dataclass(frozen=True)
class Pictures:
    """A sample of the drawings, labelled by folder, and of the photographs, which have no label."""

    drawings: list[SourceImage]
    photographs: list[SourceImage]


def draw_pictures(drawings: int, photographs: int, seed: int) -> Pictures:
    """Return a random sample of at most this many drawings and photographs, the same for a seed.

    Raise UnfitForBenchmark if they are not installed.
    """
    files = sorted(_photograph_files())
    if not DRAWINGS.is_dir() or not files:
        raise UnfitForBenchmark(f"expected Debian's drawings and photographs, got none: run `{INSTALL}`")
    labelled = [image for image in open_source(f"folder:{DRAWINGS}") if image.label is not None]
    generator = np.random.default_rng(seed)
    return Pictures(
        [labelled[index] for index in generator.permutation(len(labelled))[:drawings].tolist()],
        [_photograph(files[index]) for index in generator.permutation(len(files))[:photographs].tolist()],
    )


def _photograph_files() -> Iterator[Path]:
    """Yield the JPEG files of photographs and wallpapers, of each wallpaper the largest; not those that are links."""
    by_wallpaper: dict[Path, list[Path]] = defaultdict(list)
    for path in WALLPAPERS.glob("*/contents/images/*.jpg"):
        if not path.is_symlink():
            by_wallpaper[path.parent].append(path)
    yield from (max(paths, key=lambda path: (path.stat().st_size, path)) for paths in by_wallpaper.values())
    yield from NATURE.glob("*.jpg")


def _photograph(path: Path) -> SourceImage:
    return SourceImage(str(path), partial(read_bytes, path))
