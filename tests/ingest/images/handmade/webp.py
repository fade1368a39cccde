"""Extended WebP files with image data from OpenCV's encoder (RFC 9649)."""

import struct

import cv2

from ingest.images.images import Image

ANIMATED, EXIF, ALPHA = 0x02, 0x08, 0x10


def vp8l(bgra: Image) -> bytes:
    """Return the lossless image chunk of pixels in OpenCV's order."""
    encoded, data = cv2.imencode(".webp", bgra)
    if not encoded:
        raise ValueError(f"cannot encode an image of shape {bgra.shape}")
    return data.tobytes()[12:]


def chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) & 1)


def webp_of(width: int, height: int, flags: int, *chunks: bytes) -> bytes:
    """Return an extended WebP of a canvas and chunks."""
    body = chunk(b"VP8X", bytes([flags, 0, 0, 0]) + _u24(width - 1) + _u24(height - 1)) + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def animation(*frames: bytes) -> bytes:
    """Return the animation chunks of frames, on a background that viewers ignore."""
    return chunk(b"ANIM", b"\xff\x80\x40\xff\0\0") + b"".join(frames)


def frame(left: int, top: int, bgra: Image) -> bytes:
    """Return a frame at an even position on the canvas."""
    height, width = bgra.shape[:2]
    header = _u24(left // 2) + _u24(top // 2) + _u24(width - 1) + _u24(height - 1) + _u24(100) + b"\x02"
    return chunk(b"ANMF", header + vp8l(bgra))


def _u24(number: int) -> bytes:
    return number.to_bytes(3, "little")
