"""Small files that would take much memory or time are refused or decoded in a process with little memory."""

import struct
import sys
import zlib
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from tests.ingest.images.handmade import bmp, gif, png, tiff, webp
from tests.ingest.images.handmade.jpeg import END, jpeg_of, segment
from tests.ingest.images.refusals import reason_or_size

FLAT = jpeg_of([(0,)])
GIF = gif.gif_of(1, 1, gif.Frame(((0,),)))
DESCRIPTOR = GIF.index(b"\x2c")
BLACK = [bytes(3)]
COLUMNS, ROWS, BITS, COMPRESSION, PHOTOMETRIC, OFFSETS, SAMPLES, STRIP_ROWS, LENGTHS = (
    256,
    257,
    258,
    259,
    262,
    273,
    277,
    278,
    279,
)


def progressive(scans: int, side: int) -> bytes:
    """Return a progressive JPEG of grey, whose last scan is repeated."""
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new("L", (side, side), 128).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * scans + END


def tiff_of_many_strips(count: int) -> bytes:
    """Return a TIFF of 10 by 10 pixels that says it has many strips."""
    short = {COLUMNS: 10, ROWS: 10, BITS: 8, COMPRESSION: 1, PHOTOMETRIC: 1, SAMPLES: 1, STRIP_ROWS: 1, LENGTHS: 10}
    entries = {tag: struct.pack("<HHII", tag, 4, 1, value) for tag, value in short.items()}
    entries[OFFSETS] = struct.pack("<HHII", OFFSETS, 4, count, 200)
    directory = struct.pack("<H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + bytes(4)
    return (b"II*\0\x08\0\0\0" + directory).ljust(200, b"\0") + bytes(4 * count)


def costly() -> dict[str, tuple[bytes, str]]:
    """Return files, and what becomes of each."""
    scans = "a JPEG of {} scans, each of which takes the time of a whole picture"
    still = webp.frame(0, 0, np.zeros((2, 2, 3), np.uint8))
    zeros = zlib.compress(bytes(200_000_000), 1)
    return {
        "repeated scans": (progressive(100, 2000), scans.format(106)),
        "many more scans": (progressive(3000, 600), scans.format(3006)),
        "empty segments": (
            FLAT[:2] + segment(0xE2, b"") * 20_001 + FLAT[2:],
            "a damaged JPEG (of too many segments)",
        ),
        "empty chunks": (
            png.png_of(1, BLACK, before=[png.chunk(b"teSt", b"") * 1_000_000]),
            "a damaged PNG (of too many chunks)",
        ),
        "a deflate bomb for pixels": (
            png.png_of(1, BLACK).replace(png.chunk(b"IDAT", zlib.compress(bytes(4))), png.chunk(b"IDAT", zeros)),
            "1 x 1",
        ),
        "a deflate bomb for a profile": (
            png.png_of(1, BLACK, before=[png.chunk(b"iCCP", b"a\0\0" + zeros)]),
            "1 x 1",
        ),
        "a deflate bomb for EXIF": (
            png.png_of(1, BLACK, before=[png.chunk(b"zTXt", b"Raw profile type exif\0\0" + zeros)]),
            "1 x 1",
        ),
        "a deflate bomb in a strip": (tiff.tiff_of(1, 1, [zeros], tags={COMPRESSION: [8]}), "1 x 1"),
        "many strips": (tiff_of_many_strips(2_000_000), "a TIFF of too many numbers in its directory"),
        "comments": (
            GIF[:DESCRIPTOR] + (b"\x21\xfe" + (b"\xff" + b"c" * 255) * 100_000 + b"\0") + GIF[DESCRIPTOR:],
            "1 x 1",
        ),
        "blocks of one byte": (
            GIF[:DESCRIPTOR] + b"\x21\xfe" + b"\1c" * 10_000_001 + b"\0" + GIF[DESCRIPTOR:],
            "a damaged GIF (of too many blocks)",
        ),
        "many frames of a GIF": (gif.gif_of(1, 1, *[gif.Frame(((0,),))] * 50_000), "1 x 1"),
        "many frames of a WebP": (
            webp.webp_of(2, 2, webp.ANIMATED, webp.animation(*[still] * 50_000)),
            "2 x 2",
        ),
        "run lengths": (
            bmp.bmp_of(9999, 9999, 8, b"\1\1" * 2_200_000, bmp.RLE8, palette=bytes(1024)),
            "a BMP of run lengths, larger than 4 MiB: save it as PNG",
        ),
    }


@pytest.mark.heavy
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space of a process")
def test_costly_files_are_refused_or_cost_what_their_pixels_do() -> None:
    files = costly()
    with get_context("spawn").Pool(1) as pool:
        outcomes = pool.apply(outcomes_in_little_memory, ({name: data for name, (data, _) in files.items()},))
    assert outcomes == {name: outcome for name, (_, outcome) in files.items()}


def outcomes_in_little_memory(files: dict[str, bytes]) -> dict[str, str]:
    """Decode each file with at most 100 MB more memory than the process uses."""
    import resource

    reason_or_size(FLAT)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + 100_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return {name: reason_or_size(data) for name, data in files.items()}
