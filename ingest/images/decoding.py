"""Decode images by their content, within a pixel limit, and only complete ones; the same for ingest and queries."""

import contextlib
import ctypes
import io
import struct
import warnings
from collections.abc import Callable
from functools import partial

from pi_heif import HeifImageFile
from PIL import Image as PillowImage
from PIL import _imaging
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile

from ingest.images.gif import open_gif
from ingest.images.ico import open_ico
from ingest.images.jpeg import decode_jpeg
from ingest.images.jpeg2000 import open_jpeg2000
from ingest.images.kinds import SIGNATURE_BYTES, describe, image_format
from ingest.images.png import open_png
from ingest.images.pnm import open_pnm
from ingest.images.refusal import NotDecodable, require_pixels
from ingest.images.tiff import open_tiff
from ingest.images.to_srgb import DecodedImage, to_srgb
from ingest.images.webp import open_webp

#: The decoder's version in an embedding's fingerprint; change its number whenever decoded pixels change, or the scale
#: at which images are decoded (`images.least_side`).
DECODER = "turbo-pillow-srgb-1"

#: The most pixels an image may have. They are read from the header, so that a small file that would fill the memory is
#: never decoded.
PIXEL_LIMIT = 100_000_000


def decode_image(data: bytes, least_side: int | None = None, pixel_limit: int = PIXEL_LIMIT) -> DecodedImage:
    """Return an encoded image as 8-bit sRGB, upright, on white; raise NotDecodable.

    With `least_side` the pixels may be fewer: the image divided by a whole number, neither side below it.
    """
    name = image_format(data[:SIGNATURE_BYTES])
    if name is None:
        raise NotDecodable(describe(data[:256]))
    try:
        if name == "JPEG":
            return decode_jpeg(data, least_side, pixel_limit)
        return to_srgb(_OPENERS[name](data, pixel_limit), least_side)
    except NotDecodable:
        raise
    except (IndexError, OverflowError, struct.error):
        # An offset or length in a header exceeds the data.
        raise NotDecodable(f"a truncated {name}") from None
    except MemoryError:
        raise NotDecodable("an image for which there is not enough memory") from None
    except Exception as error:  # Pillow raises nearly anything for a damaged file
        reason = str(error).partition("\n")[0][:100] or type(error).__name__
        raise NotDecodable(f"a damaged or truncated {name} ({reason})") from None


#: Compressed BMPs are decoded in Python, a run at a time.
_MAX_RUN_LENGTHS = 4 << 20
_BMP_RLE = (1, 2)


def _open(plugin: type[ImageFile], data: bytes, pixel_limit: int) -> PillowImage.Image:
    """Open an image with a class of Pillow's, which reads the header, and load it."""
    image = plugin(io.BytesIO(data))
    require_pixels(*image.size, pixel_limit)
    image.load()
    return image


def _open_bmp(data: bytes, pixel_limit: int) -> PillowImage.Image:
    if int.from_bytes(data[30:34], "little") in _BMP_RLE and len(data) > _MAX_RUN_LENGTHS:
        raise NotDecodable("a BMP of run lengths, larger than 4 MiB: save it as PNG")
    return _open(BmpImageFile, data, pixel_limit)


_OPENERS: dict[str, Callable[[bytes, int], PillowImage.Image]] = {
    "PNG": open_png,
    "GIF": open_gif,
    "WebP": open_webp,
    "HEIC": partial(_open, HeifImageFile),
    "AVIF": partial(_open, AvifImageFile),
    "BMP": _open_bmp,
    "TIFF": open_tiff,
    "JPEG 2000": open_jpeg2000,
    "PNM": open_pnm,
    "ICO": open_ico,
}

# Pillow warns of what it makes of damaged tags, and its libtiff writes of damaged data, without a file name.
warnings.filterwarnings("ignore", module=r"PIL\.\w+ImagePlugin")
with contextlib.suppress(AttributeError, OSError):
    ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)
