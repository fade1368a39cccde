"""BMP files (Windows' BITMAPINFOHEADER and its successors)."""

import struct

RGB, RLE8, RLE4, MASKS = 0, 1, 2, 3


def bmp_of(
    width: int,
    height: int,
    bits: int,
    data: bytes,
    compression: int = RGB,
    masks: tuple[int, ...] = (),
    palette: bytes = b"",
    header: int = 40,
) -> bytes:
    """Return a BMP of packed rows, from the bottom up unless its height is negative."""
    fields = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(data), 0, 0, 0, 0)
    fields += struct.pack(f"<{len(masks)}I", *masks)
    start = 14 + max(len(fields), header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + fields.ljust(header, b"\0") + palette + data
