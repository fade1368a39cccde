"""Tell an image by its first bytes: cheap enough to ask of every file whose name says nothing."""

import re

#: How many bytes `begins_an_image` looks at.
HEAD = 32

_BEGINNINGS = (
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"II*\0",  # TIFF, either byte order; then BigTIFF
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
    b"\0\0\0\x0cjP  \r\n\x87\n",  # JPEG 2000, boxed and bare
    b"\xff\x4f\xff\x51",
)

#: Two letters begin many a text as well, so these are looked at further: WebP in RIFF; BMP with its reserved zeros
#: and the size of a header that there is; PNM with its width.
_PATTERNS = (
    re.compile(rb"RIFF....WEBP", re.DOTALL),
    re.compile(rb"BM.{4}\0{4}.{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL),
    re.compile(rb"P[1-6]\s+(?:#|\d)"),
)


def begins_an_image(head: bytes) -> bool:
    """Tell whether a file's first bytes are those of a JPEG, PNG, GIF, TIFF, JPEG 2000, WebP, BMP or PNM."""
    return head.startswith(_BEGINNINGS) or any(pattern.match(head) for pattern in _PATTERNS)
