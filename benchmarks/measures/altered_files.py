"""Folders of drawings and wallpapers from Debian's packages, with altered copies of some: what `duplicates` is to find.

The alterations have random strengths, none of which is that of the copies by which Lookalike calibrates itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures.debian_pictures import DRAWINGS, INSTALL, WALLPAPERS
from ingest.images.decoding import PIXEL_LIMIT
from ingest.images.image_size import image_size
from ingest.images.images import Image, decode, read_bytes, shrink
from ingest.sources import open_source

#: Altered copies in a folder, whatever its size.
COPIES = 60

#: The longest side in pixels of a wallpaper.
_WALLPAPER_SIDE = 1920

Generator = np.random.Generator


@dataclass(frozen=True)
class AlteredCopy:
    """The file names of a copy and its original, and what was done to it."""

    name: str
    original: str
    kind: str


def _as_jpeg(image: Image, rng: Generator) -> Image:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 61))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _smaller(image: Image, rng: Generator) -> Image:
    return shrink(image, max(8, int(max(image.shape[:2]) * rng.uniform(0.4, 0.7))))


def _cropped(image: Image, rng: Generator) -> Image:
    """Cut off 5 to 20 % of the height and of the width."""
    height, width = image.shape[:2]
    cut = rng.uniform(0.05, 0.2, 2) * (height, width)
    top, left = (rng.uniform(0, 1, 2) * cut).astype(int)
    return image[top : top + height - int(cut[0]), left : left + width - int(cut[1])]


def _turned(image: Image, rng: Generator) -> Image:
    height, width = image.shape[:2]
    angle = rng.uniform(3, 10) * rng.choice((-1, 1))
    rotation = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1)
    border = (255, 255, 255) if rng.random() < 0.5 else (0, 0, 0)
    return np.asarray(cv2.warpAffine(image, rotation, (width, height), borderValue=border), np.uint8)


def _mirrored(image: Image, rng: Generator) -> Image:
    """Mirror an image, turn it by a quarter or upside down."""
    return np.ascontiguousarray((image[:, ::-1], np.rot90(image), image[::-1])[rng.choice(3, p=(0.6, 0.2, 0.2))])


def _recoloured(image: Image, rng: Generator) -> Image:
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    hsv[:, :, 0] = (hsv[:, :, 0].astype(int) + rng.integers(20, 70)) % 180
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)


def _with_text(image: Image, rng: Generator) -> Image:
    height, width = image.shape[:2]
    text, font = str(rng.choice(["SAMPLE", "copyright 2026", "preview only"])), cv2.FONT_HERSHEY_SIMPLEX
    thickness = max(1, width // 120)
    (text_width, _), _ = cv2.getTextSize(text, font, 1, thickness)
    at = (int(width * 0.1), int(height * rng.uniform(0.3, 0.9)))
    colour = tuple(int(level) for level in rng.choice([0, 255], 3))
    scale = 0.8 * width / text_width
    return np.asarray(cv2.putText(image.copy(), text, at, font, scale, colour, thickness, cv2.LINE_AA), np.uint8)


def _bordered(image: Image, rng: Generator) -> Image:
    border = max(1, int(max(image.shape[:2]) * rng.uniform(0.04, 0.12)))
    level = int(rng.choice((0, 128, 255)))
    return np.pad(image, ((border, border), (border, border), (0, 0)), constant_values=level)


def _grey(image: Image, _: Generator) -> Image:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)


def _brighter(image: Image, rng: Generator) -> Image:
    """Make an image brighter or darker."""
    factor = rng.choice((rng.uniform(0.55, 0.8), rng.uniform(1.2, 1.5)))
    return np.asarray(np.clip(np.rint(image * factor), 0, 255), np.uint8)


ALTERED: Mapping[str, Callable[[Image, Generator], Image]] = {
    "JPEG quality 30 to 60": _as_jpeg,
    "smaller": _smaller,
    "cropped": _cropped,
    "turned": _turned,
    "mirrored": _mirrored,
    "recoloured": _recoloured,
    "text": _with_text,
    "border": _bordered,
    "grey": _grey,
    "brighter": _brighter,
}


def make_folder(folder: Path, pictures: int, seed: int, copies: int = COPIES) -> list[AlteredCopy]:
    """Write pictures and altered copies of them into a folder, the same for a seed; return the copies.

    A tenth of the pictures, at most as many as there are, are wallpapers. Raise UnfitForBenchmark if the packages are
    not installed.
    """
    rng = np.random.default_rng(seed)
    drawings = sorted(DRAWINGS.glob("*/**/*.png"))
    wallpapers = sorted(path for path in WALLPAPERS.iterdir() if _wallpaper(path)) if WALLPAPERS.is_dir() else []
    if not drawings or not wallpapers:
        raise UnfitForBenchmark(f"expected Debian's drawings and photographs, got none: run `{INSTALL}`")
    photographs = min(len(wallpapers), max(1, pictures // 10))
    chosen = [wallpapers[index] for index in rng.permutation(len(wallpapers))[:photographs].tolist()]
    chosen += [drawings[index] for index in rng.permutation(len(drawings))[: pictures - photographs].tolist()]
    for number, path in enumerate(chosen):
        _write_original(folder, number, path)
    return _write_copies(folder, pictures, copies, rng)


def make_folder_of_digits(folder: Path, pictures: int, seed: int, copies: int) -> list[AlteredCopy]:
    """Write digits of `mnist-sample` and altered copies into a folder, the same for a seed; return the copies."""
    rng = np.random.default_rng(seed)
    digits = list(open_source("mnist-sample"))
    for number, index in enumerate(rng.permutation(len(digits))[:pictures].tolist()):
        _save(folder / f"{_name(number)}.png", cv2.cvtColor(digits[index].decoded(), cv2.COLOR_GRAY2RGB), 0)
    return _write_copies(folder, pictures, copies, rng)


def _write_copies(folder: Path, pictures: int, copies: int, rng: Generator) -> list[AlteredCopy]:
    numbers = rng.permutation(pictures)
    originals = numbers[[_is_readable(folder, number) for number in numbers.tolist()]]
    return [_write_copy(folder, number, _original(number, originals, copies), rng) for number in range(copies)]


def _original(number: int, originals: NDArray[np.int64], copies: int) -> int:
    """Return the number of a copy's original: each has one copy, or where there are few, one of each kind in turn."""
    return int(originals[number] if len(originals) >= copies else originals[number // len(ALTERED) % len(originals)])


def _is_readable(folder: Path, number: int) -> bool:
    """Return whether a picture is not too large; a few drawings of the package are posters of 600 megapixels."""
    (path,) = folder.glob(f"{_name(number)}.*")
    width, height = image_size(read_bytes(path), path.name)
    return width * height <= PIXEL_LIMIT


def _wallpaper(folder: Path) -> Path | None:
    """Return the largest file of a wallpaper that is not too large, or else the smallest, None if there is none."""
    paths = [path for path in folder.glob("contents/images/*.*") if not path.is_symlink()]
    paths = [path for path in paths if path.suffix in (".jpg", ".png") and "x" in path.stem]
    sides = {path: max(int(side) for side in path.stem.split("x")) for path in paths}
    fitting = [path for path in sides if sides[path] <= _WALLPAPER_SIDE]
    if not paths:
        return None
    return max(fitting, key=lambda path: (sides[path], path)) if fitting else min(sides, key=lambda p: (sides[p], p))


def _name(number: int) -> str:
    return f"picture-{number:04d}"


def _write_original(folder: Path, number: int, path: Path) -> None:
    data, suffix = None, ".png"
    if path.is_dir() and (wallpaper := _wallpaper(path)) is not None:
        path, suffix = wallpaper, wallpaper.suffix
        image = decode(read_bytes(path), str(path))
        if max(image.shape[:2]) > _WALLPAPER_SIDE:
            _save(folder / f"{_name(number)}.jpg", shrink(image, _WALLPAPER_SIDE), 92)
            return
    data = read_bytes(path)
    (folder / f"{_name(number)}{suffix}").write_bytes(data)


def _write_copy(folder: Path, number: int, original: int, rng: Generator) -> AlteredCopy:
    (path,) = folder.glob(f"{_name(original)}.*")
    image = decode(read_bytes(path), path.name)
    kind = list(ALTERED)[number % len(ALTERED)]
    copy = ALTERED[kind](image, rng)
    # A JPEG at quality 90 now and then: few programs write a photograph as PNG.
    name = f"copy-{number:04d}.{rng.choice(('png', 'jpg'))}"
    _save(folder / name, copy, 90)
    return AlteredCopy(name, path.name, kind)


def _save(path: Path, image: Image, quality: int) -> None:
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if path.suffix == ".jpg" else [cv2.IMWRITE_PNG_COMPRESSION, 1]
    cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
