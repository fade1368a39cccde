"""The kinds of files that are told apart by suffix and first bytes: images that are decoded, and others with a name."""

import re
from collections.abc import Mapping

#: The number of bytes that files are recognized by.
SIGNATURE_BYTES = 32

_TIFF = rb"(?:II[*+]\0|MM\0[*+])"

#: The formats that are decoded, by name: their suffixes, and a pattern of their first bytes. Where a signature begins
#: texts as well, the pattern reads on. Some camera's raw files begin as a TIFF does; `tiff.py` tells them apart.
_DECODED = {
    "JPEG": ("jfif jpe jpeg jpg mpo", rb"\xff\xd8\xff"),
    "PNG": ("apng png", rb"\x89PNG\r\n\x1a\n"),
    "GIF": ("gif", rb"GIF8[79]a"),
    "WebP": ("webp", rb"RIFF.{4}WEBP"),
    "HEIC": (
        "heic heics heif heifs hif",
        rb".{4}ftyp(?!m[is]f1.{4}(?:.{4}){0,3}avif)(?:hei[cxms]|hev[cxms]|mif1|msf1)",
    ),
    "AVIF": ("avif avifs", rb".{4}ftyp(?:avi[fs]|m[is]f1.{4}(?:.{4}){0,3}avif)"),
    "BMP": ("bmp dib", rb"BM.{4}\0{4}.{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0"),
    "TIFF": ("tif tiff", _TIFF + rb"(?!.{4}CR)"),
    "JPEG 2000": ("j2k jp2 jpx", rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"),
    "PNM": ("pbm pgm pnm ppm", rb"P[1-6]\s+(?:#|\d)"),
    "ICO": ("ico", rb"\0\0\x01\0[\x01-\x20]\0.{3}\0[\0\x01]\0"),
}

#: Pictures of kinds that are not decoded. A folder's files of these are counted and named.
_SKIPPED = {
    "JPEG XL": ("jxl", rb"\xff\x0a|\0\0\0\x0cJXL "),
    "RAW": (
        "3fr arw cr2 cr3 crw dng erf iiq kdc mef mos mrw nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f",
        rb"II\*\0.{4}CR|.{4}ftypcrx |II(?:U\0|RO|RS)|MMOR|FUJIFILMCCD-RAW|FOVb|\0MRM",
    ),
    "SVG": ("svg svgz", rb"(?i:(?:\xef\xbb\xbf)?\s*<svg)"),
    "PDF": ("pdf", rb"%PDF"),
    "Photoshop": ("psb psd", rb"8BPS"),
}

#: Others, by what a message says of them.
_OTHERS = {
    "an OpenEXR image, whose values have no defined white": rb"\x76\x2f\x31\x01",
    "a Radiance HDR image, whose values have no defined white": rb"#\?R",
    "a PFM image, whose values have no defined white": rb"P[Ff]\n",
    "a web page": rb"(?i:(?:\xef\xbb\xbf)?\s*<(?:!doctype )?html)",
    "an XML document": rb"(?i:(?:\xef\xbb\xbf)?\s*<\?xml)",
}

#: The formats' names, for messages.
FORMAT_NAMES = ", ".join(list(_DECODED)[:-1]) + " or " + list(_DECODED)[-1]

#: The suffixes of images, without dot and in lower case, and of the kinds that are skipped.
SUFFIXES = frozenset(" ".join(suffixes for suffixes, _ in _DECODED.values()).split())
SKIPPED_SUFFIXES = {suffix: kind for kind, (suffixes, _) in _SKIPPED.items() for suffix in suffixes.split()}

_DECODED_PATTERNS = {kind: re.compile(pattern, re.DOTALL) for kind, (_, pattern) in _DECODED.items()}
_SKIPPED_PATTERNS = {kind: re.compile(pattern, re.DOTALL) for kind, (_, pattern) in _SKIPPED.items()}
_OTHER_PATTERNS = {name: re.compile(pattern) for name, pattern in _OTHERS.items()}


def image_format(start: bytes) -> str | None:
    """Return the name of the format that a file's first bytes are of; None for any that is not decoded."""
    return _first_match(start, _DECODED_PATTERNS)


def skipped_kind(start: bytes) -> str | None:
    """Return the kind of picture, not decoded, that a file's first bytes are of; None for any other file."""
    return _first_match(start, _SKIPPED_PATTERNS)


def describe(data: bytes) -> str:
    """Return what a file that is not decoded is, as in "a web page", and what to do with a picture."""
    if not data:
        return "an empty file"
    if kind := skipped_kind(data):
        return not_read(kind)
    return _first_match(data, _OTHER_PATTERNS) or "another kind of file"


def skipped_line(counts: Mapping[str, int]) -> str:
    """Return how many pictures of kinds that are not read there were, and what to do."""
    kinds = [f"{count} {kind}" for kind, count in sorted(counts.items())]
    listed = " and ".join(filter(None, [", ".join(kinds[:-1]), kinds[-1]]))
    files = "file, which is" if sum(counts.values()) == 1 else "files, which are"
    return f"skipped {listed} {files} not read: export as JPEG or PNG what belongs into the store"


def not_read(kind: str) -> str:
    """Return that a kind of picture is not read, and what to do."""
    return f"{'an' if kind == 'SVG' else 'a'} {kind} file, which is not read: export it as JPEG or PNG"


def _first_match(start: bytes, patterns: dict[str, re.Pattern[bytes]]) -> str | None:
    return next((name for name, pattern in patterns.items() if pattern.match(start)), None)
