"""The first directory of a TIFF file or an EXIF block, which has the same layout: numbers by tag."""

import struct

from ingest.images.formats.image_format import NotDecodable

_ORDERS = {b"II": "<", b"MM": ">"}

#: The struct codes of TIFF's integer types: BYTE, SHORT, LONG, IFD, LONG8, IFD8.
_CODES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}

#: The most that classic TIFF can count, and that libtiff allows in BigTIFF.
_MAX_ENTRIES = 0xFFFF


class TiffDirectory:
    """A directory's integers, in either byte order, of classic TIFF and BigTIFF (TIFF 6.0, section 2)."""

    def __init__(self, data: bytes) -> None:
        """Raise NotDecodable when this is no TIFF, OverflowError or struct.error when it is truncated."""
        order = _ORDERS.get(data[:2])
        if order is None:
            raise NotDecodable("another kind of file")
        self._data, self._order = data, order
        (magic,) = struct.unpack_from(order + "H", data, 2)
        big = magic == 43
        (start,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, start)
        if count > _MAX_ENTRIES:
            raise NotDecodable("a damaged TIFF")
        first = start + (8 if big else 2)
        entry = struct.Struct(order + ("HHQ" if big else "HHI"))
        value_size = 8 if big else 4
        #: By tag: the numbers' struct code, their count and their offset.
        self._entries: dict[int, tuple[str, int, int]] = {}
        for entry_offset in range(first, first + count * (entry.size + value_size), entry.size + value_size):
            tag, kind, length = entry.unpack_from(data, entry_offset)
            code = _CODES.get(kind)
            if code is None or tag in self._entries:
                continue
            offset = entry_offset + entry.size
            if struct.calcsize("=" + code) * length > value_size:
                (offset,) = struct.unpack_from(order + ("Q" if big else "I"), data, offset)
            self._entries[tag] = code, length, offset

    def numbers(self, tag: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """Return a tag's numbers; raise struct.error when they extend beyond the data."""
        if tag not in self._entries:
            return default
        code, length, offset = self._entries[tag]
        return struct.unpack_from(f"{self._order}{length}{code}", self._data, offset)

    def number(self, tag: int, default: int) -> int:
        """Return a tag's first number; raise struct.error when it lies beyond the data."""
        return (self.numbers(tag) or (default,))[0]

    def with_number(self, tag: int, number: int) -> bytes:
        """Return the data with a tag's first number replaced; the tag must be present."""
        code, _, offset = self._entries[tag]
        changed = bytearray(self._data)
        struct.pack_into(self._order + code, changed, offset, number)
        return bytes(changed)
