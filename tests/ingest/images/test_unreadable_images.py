"""Files that are no image or cannot be decoded: each is refused in one line with its name and the reason."""

import os
import struct
from pathlib import Path

import pytest
import simplejpeg

from ingest.errors import UnreadableImage
from ingest.images import images
from ingest.images.images import decode, read_bytes
from tests.errors import error_message
from tests.ingest.images.handmade import bmp, gif
from tests.ingest.images.handmade.jpeg import END, jpeg_of
from tests.ingest.images.handmade.png import GREY, SIGNATURE, chunk, png_of
from tests.ingest.images.refusals import DECODABLE, reason

OTHERS = {
    b"": "an empty file",
    b"<!DOCTYPE html><html><body>404 Not Found</body></html>": "a web page",
    b"\xef\xbb\xbf\r\n <HTML lang=en>": "a web page",
    b'<svg xmlns="http://www.w3.org/2000/svg"/>': "an SVG file, which is not read: export it as JPEG or PNG",
    b'<?xml version="1.0"?><svg/>': "an XML document",
    b"%PDF-1.7": "a PDF file, which is not read: export it as JPEG or PNG",
    b"\0\0\0\x1cftypisom\0\0\0\0": "another kind of file",
    b"\xff\x0a\xfa\x1f": "a JPEG XL file, which is not read: export it as JPEG or PNG",
    b"8BPS\0\1": "a Photoshop file, which is not read: export it as JPEG or PNG",
    b"II*\0\x10\0\0\0CR\2\0": "a RAW file, which is not read: export it as JPEG or PNG",
    b"\0\0\0\x18ftypcrx \0\0\0\1": "a RAW file, which is not read: export it as JPEG or PNG",
    b"\x76\x2f\x31\x01\2\0\0\0": "an OpenEXR image, whose values have no defined white",
    b"#?RADIANCE\n": "a Radiance HDR image, whose values have no defined white",
    b"PF\n1 1\n-1.0\n": "a PFM image, whose values have no defined white",
    b"P7\nWIDTH 1\n": "another kind of file",
    b"RIFF\x24\0\0\0WAVEfmt ": "another kind of file",
    b"GIF88a": "another kind of file",
    b"just words": "another kind of file",
}

FLAT = jpeg_of([(0,)])

DAMAGED = {
    "png without a header": (SIGNATURE + chunk(b"IDAT", bytes(30)), "a damaged PNG (no header)"),
    "png of no bits": (png_of(1, [b"\0"], GREY, 0), "a damaged or truncated PNG (not identified by this driver)"),
    "png without rows": (png_of(1, []), "an image without pixels"),
    "png of fewer rows than it says": (
        png_of(2, [b"123456"], height=9),
        "a truncated PNG (not all rows are there)",
    ),
    "png with a wrong checksum": (
        png_of(2, [b"123456"]).replace(struct.pack(">II", 2, 1), struct.pack(">II", 2, 2)),
        "a damaged PNG (wrong checksum)",
    ),
    "jpeg without a scan": (FLAT[: FLAT.index(b"\xff\xda")] + END, "a truncated JPEG (no picture in it)"),
    "jpeg without a frame": (FLAT.replace(b"\xff\xc0", b"\xff\xe5"), "a truncated JPEG (no picture in it)"),
    "jpeg of 12 bits": (
        FLAT.replace(b"\xff\xc0\0\x0b\x08", b"\xff\xc0\0\x0b\x0c"),
        "a damaged or truncated JPEG (Unsupported JPEG data precision 12)",
    ),
    "lossless jpeg": (FLAT.replace(b"\xff\xc0", b"\xff\xc3"), "a lossless JPEG, which is not read: export it as PNG"),
    "gif without an image": (gif.gif_of(1, 1), "a damaged GIF (no image in it)"),
    "webp of an unknown chunk": (b"RIFF\x0c\0\0\0WEBPVP9 \0\0\0\0", "a truncated WebP"),
    "bmp of an unknown header": (
        bmp.bmp_of(1, 1, 24, bytes(4), header=40).replace(b"\x28", b"\x10", 1),
        "another kind of file",
    ),
    "bmp of no width": (bmp.bmp_of(0, 1, 24, b""), "a damaged or truncated BMP (not identified by this driver)"),
    "tiff whose directory is nowhere": (b"II+\0\x08\0\0\0" + b"\xff" * 8, "a truncated TIFF"),
    "tiff of more entries than there can be": (
        b"II+\0\x08\0\0\0\x10" + bytes(7) + b"\0\0\2" + bytes(5),
        "a truncated TIFF",
    ),
    "pnm without a size": (b"P6\nwide high\n", "another kind of file"),
    "pnm of too few numbers": (b"P2 20 20 255\n" + b"1 " * 399, "a truncated PNM"),
    "pnm of no numbers": (b"P2 20 20 255\n" + b" " * 999, "a truncated PNM"),
    "pnm of too few bits": (b"P1 20 20\n" + b"1" * 399, "a truncated PNM"),
    "pnm of more than 16 bits": (b"P5 1 1 65536\n\0\0\0\0", "a damaged PNM (no maximum from 1 to 65535)"),
    "pnm whose text is no number": (b"P2 1 1 255\nwhite\n", "a damaged PNM (no numbers)"),
    "heic cut off": (b"\0\0\0\x18ftypheic\0\0\0\0", "a damaged or truncated HEIC ("),
    "avif cut off": (b"\0\0\0\x1cftypavif\0\0\0\0", "a damaged or truncated AVIF ("),
    "jpeg xl in its container": (
        b"\0\0\0\x0cJXL \r\n\x87\n",
        "a JPEG XL file, which is not read: export it as JPEG or PNG",
    ),
}


@pytest.mark.parametrize(("data", "expected"), OTHERS.items(), ids=OTHERS.values())
def test_a_file_of_another_kind_is_refused_by_its_content(data: bytes, expected: str) -> None:
    assert reason(data) == expected


@pytest.mark.parametrize(("data", "expected"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_image_is_refused(data: bytes, expected: str) -> None:
    # What libheif and libavif say of damage is theirs.
    assert reason(data).startswith(expected) if expected.endswith("(") else reason(data) == expected


def test_an_image_is_recognized_by_its_content_and_not_by_its_name() -> None:
    assert decode(png_of(1, [bytes([1, 2, 3])]), "a.jpg").tolist() == [[[1, 2, 3]]]


def test_a_name_with_a_line_break_is_quoted() -> None:
    message = error_message(UnreadableImage, decode, b"", "two\nlines.png")
    assert message == f"{DECODABLE} 'two\\nlines.png': an empty file"


def test_an_image_is_refused_when_memory_is_exhausted(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(simplejpeg, "decode_jpeg", no_memory)
    assert reason(FLAT) == "an image for which there is not enough memory"


def test_a_file_is_read_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x00\r\n\xff")
    assert read_bytes(tmp_path / "a.png") == b"\x00\r\n\xff"


def unread(path: Path) -> str:
    return error_message(UnreadableImage, read_bytes, path)


def test_reading_anything_but_a_file_is_refused(tmp_path: Path) -> None:
    folder, pipe = tmp_path / "x.jpg", tmp_path / "pipe.jpg"
    folder.mkdir()
    os.mkfifo(pipe)
    for path in (folder, pipe, tmp_path / "nothing.png"):
        assert unread(path) == f"expected an image file, got {path}, which is not a file: name an image"


def test_a_file_without_read_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"secret")
    path.chmod(0)
    if os.access(path, os.R_OK):  # as root

        def denied(_: Path) -> bytes:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "read_bytes", denied)
    assert unread(path) == f"expected a readable image file, got {path}: Permission denied"


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    with path.open("wb") as file:
        file.truncate(images.FILE_LIMIT + 1)
    assert unread(path) == f"expected an image file of at most 1073741824 bytes, got {path}: 1073741825 bytes"
