"""Which files are recognized as images, and which are skipped, by their first bytes or suffixes."""

import cv2
import pytest

from ingest.images.kinds import SIGNATURE_BYTES, SKIPPED_SUFFIXES, SUFFIXES, image_format, skipped_kind, skipped_line
from tests.toys import noise


@pytest.mark.parametrize("suffix", ["bmp", "gif", "jpg", "pbm", "pgm", "png", "ppm", "tiff", "webp"])
def test_the_first_bytes_of_what_opencv_writes_are_recognized(suffix: str) -> None:
    shape = (50, 70) if suffix in ("pbm", "pgm") else (50, 70, 3)
    encoded, data = cv2.imencode(f".{suffix}", noise(*shape, seed=3))
    assert encoded
    assert image_format(data.tobytes()[:SIGNATURE_BYTES])


@pytest.mark.parametrize(
    "head",
    [
        b"\xff\xd8\xff\xe1",
        b"GIF87a",
        b"MM\0*",
        b"II+\0",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        b"\xff\x4f\xff\x51",
        b"P1\n# made by hand\n5 7\n",
        b"BM" + bytes(12) + b"\x0c\0\0\0",
    ],
)
def test_rarer_signatures_are_recognized_too(head: bytes) -> None:
    assert image_format(head)


@pytest.mark.parametrize(
    ("brands", "expected"),
    [
        (b"heic\0\0\0\0mif1heic", "HEIC"),
        (b"mif1\0\0\0\0mif1heic", "HEIC"),
        (b"avif\0\0\0\0mif1avif", "AVIF"),
        (b"mif1\0\0\0\0mif1miafavif", "AVIF"),
        (b"isom\0\0\0\0mp42", None),
    ],
)
def test_heic_and_avif_are_told_apart_by_their_brands(brands: bytes, expected: str | None) -> None:
    assert image_format(b"\0\0\0\x20ftyp" + brands) == expected


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x89PN",
        b"BMW is a maker of motor cars, and more",
        b"P.S. I was here",
        b"P5 is a port",
        b"P8 3 3",
        b"II. The second chapter",
        b"MM and more",
        b"RIFF\0\0\0\0WAVEfmt",
        b"<html>",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"\0" * 32,
    ],
)
def test_texts_and_other_files_are_not_recognized(head: bytes) -> None:
    assert image_format(head) is None


def test_the_suffixes_are_those_of_all_formats() -> None:
    assert " ".join(sorted(SUFFIXES)) == (
        "apng avif avifs bmp dib gif heic heics heif heifs hif ico j2k jfif jp2 jpe jpeg jpg jpx mpo "
        "pbm pgm png pnm ppm tif tiff webp"
    )


def test_pictures_of_other_kinds_have_names() -> None:
    names = {suffix: SKIPPED_SUFFIXES[suffix] for suffix in ("jxl", "dng", "cr3", "svg", "pdf", "psd")}
    assert names == {"jxl": "JPEG XL", "dng": "RAW", "cr3": "RAW", "svg": "SVG", "pdf": "PDF", "psd": "Photoshop"}
    assert not SUFFIXES & SKIPPED_SUFFIXES.keys()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\x0a\xfa", "JPEG XL"),
        (b"II*\0\x10\0\0\0CR\2\0", "RAW"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1", "RAW"),
        (b"FUJIFILMCCD-RAW 0201", "RAW"),
        (b"\xef\xbb\xbf <SVG width='1'>", "SVG"),
        (b"%PDF-1.7", "PDF"),
        (b"8BPS\0\1", "Photoshop"),
        (b"just words", None),
        (b"\x89PNG\r\n\x1a\n", None),
    ],
)
def test_kinds_that_are_skipped_are_recognized_by_their_first_bytes(head: bytes, kind: str | None) -> None:
    assert skipped_kind(head) == kind
    assert kind is None or image_format(head) is None


def test_skipped_pictures_are_named_in_one_line() -> None:
    assert skipped_line({"RAW": 1}) == (
        "skipped 1 RAW file, which is not read: export as JPEG or PNG what belongs into the store"
    )
    assert skipped_line({"SVG": 2, "RAW": 3, "PDF": 1}) == (
        "skipped 1 PDF, 3 RAW and 2 SVG files, which are not read: export as JPEG or PNG what belongs into the store"
    )
