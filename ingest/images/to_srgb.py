"""From what a decoder returns to 8-bit sRGB: on white, no larger than needed, its colour profile applied, upright."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageCms

_ORIENTATION = 0x0112

#: How the pixels of each EXIF orientation are turned upright (EXIF 2.32, tag 0x0112).
_TURNS: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: np.rot90(image, -1),
    7: lambda image: image[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90,
}
_SIDEWAYS = (5, 6, 7, 8)

#: Larger profiles are ignored: those of printers have up to 3 MB.
PROFILE_LIMIT = 8 << 20

#: Larger EXIF blocks are ignored: JPEG's cannot have more than 64 kB.
EXIF_LIMIT = 1 << 20

_PROFILED_MODES = ("L", "RGB", "CMYK")


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """An image's pixels, (h, w, 3) uint8 in RGB, and the size that it has in its file, upright: the pixels' or more."""

    pixels: NDArray[np.uint8]
    width: int
    height: int


def reduction(width: int, height: int, least_side: int | None) -> int:
    """Return by which whole number an image may be divided so that neither side is below `least_side`."""
    return 1 if least_side is None else max(1, min(width, height) // least_side)


def exif_orientation(block: bytes) -> int:
    """Return the orientation in an EXIF block, 1 to 8; 1 when it is absent or damaged."""
    if len(block) > EXIF_LIMIT:
        return 1
    exif = PillowImage.Exif()
    try:
        exif.load(block)
        orientation = exif.get(_ORIENTATION)
    except Exception:  # Pillow raises nearly anything for a damaged block
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def to_srgb(image: PillowImage.Image, least_side: int | None) -> DecodedImage:
    """Return a Pillow image as 8-bit sRGB, divided by a whole number that keeps `least_side`."""
    width, height = image.size
    orientation = exif_orientation(image.info.get("exif") or b"")
    profile = image.info.get("icc_profile") or b""
    image = on_white(image)
    factor = reduction(width, height, least_side)
    return finish(image.reduce(factor) if factor > 1 else image, width, height, orientation, profile)


def on_white(image: PillowImage.Image) -> PillowImage.Image:
    """Return an image of any mode as one of mode L, RGB or CMYK with 8 bits, white where it was transparent."""
    if image.mode.startswith("I"):
        return PillowImage.fromarray(scale_to_8_bits(np.asarray(image).astype(np.uint16), 0xFFFF))
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = PillowImage.new("RGB", image.size, "white")
        white.paste(rgba.convert("RGB"), mask=rgba.getchannel("A"))
        return white
    if image.mode == "LAB":
        transform = ImageCms.buildTransform(ImageCms.createProfile("LAB"), _SRGB, "LAB", "RGB")
        return _applied(transform, image)
    return image if image.mode in _PROFILED_MODES else image.convert("L" if image.mode == "1" else "RGB")


def finish(
    image: PillowImage.Image | NDArray[np.uint8], width: int, height: int, orientation: int, profile: bytes
) -> DecodedImage:
    """Return an image of mode L, RGB or CMYK, or pixels in RGB, with its profile applied, and turned upright."""
    if 0 < len(profile) <= PROFILE_LIMIT:
        image = image if isinstance(image, PillowImage.Image) else PillowImage.fromarray(image)
        if transform := _transform(profile, image.mode):
            image = _applied(transform, image)
    pixels = (
        image if isinstance(image, np.ndarray) else np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
    )
    if turn := _TURNS.get(orientation):
        pixels = np.ascontiguousarray(turn(pixels))
    if orientation in _SIDEWAYS:
        width, height = height, width
    return DecodedImage(pixels, width, height)


_SRGB = ImageCms.createProfile("sRGB")


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the transform from a profile to sRGB; None for a damaged profile and one of other colours."""
    try:
        return ImageCms.buildTransform(ImageCms.ImageCmsProfile(io.BytesIO(profile)), _SRGB, mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _applied(transform: ImageCms.ImageCmsTransform, image: PillowImage.Image) -> PillowImage.Image:
    converted = ImageCms.applyTransform(image, transform)
    if converted is None:
        raise ValueError("no colours")
    return converted


def scale_to_8_bits(values: NDArray[Any], white: int, *, inverted: bool = False) -> NDArray[np.uint8]:
    """Return unsigned values scaled to 0..255, rounded to the nearest; values above `white` are white."""
    shares = np.clip(np.arange(np.iinfo(values.dtype).max + 1) / white, 0, 1)
    table = np.rint((1 - shares if inverted else shares) * 255).astype(np.uint8)
    scaled: NDArray[np.uint8] = table[values]
    return scaled
