"""The first directory of a TIFF file, of which EXIF's block is one: numbers by tag."""

import struct

from ingest.images.formats.image_format import Refused

_ORDERS = {b"II": "<", b"MM": ">"}

#: Whole numbers by TIFF's type: BYTE, SHORT, LONG, IFD, LONG8, IFD8.
_CODES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}

#: What libtiff allows big TIFF, and classic TIFF can count to.
_MOST_ENTRIES = 0xFFFF


class Directory:
    """A directory's whole numbers, in both byte orders, of classic and big TIFF (TIFF 6.0, section 2)."""

    def __init__(self, data: bytes) -> None:
        """Raise Refused when this is no TIFF, OverflowError or struct.error when it ends too early."""
        order = _ORDERS.get(data[:2])
        if order is None:
            raise Refused("another kind of file")
        self._data, self._order = data, order
        (magic,) = struct.unpack_from(order + "H", data, 2)
        big = magic == 43
        (start,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, start)
        if count > _MOST_ENTRIES:
            raise Refused("a damaged TIFF")
        first = start + (8 if big else 2)
        entry = struct.Struct(order + ("HHQ" if big else "HHI"))
        room = 8 if big else 4
        #: By tag: the numbers' struct code, how many, and where they are.
        self._entries: dict[int, tuple[str, int, int]] = {}
        for position in range(first, first + count * (entry.size + room), entry.size + room):
            tag, kind, length = entry.unpack_from(data, position)
            code = _CODES.get(kind)
            if code is None or tag in self._entries:
                continue
            place = position + entry.size
            if struct.calcsize("=" + code) * length > room:
                (place,) = struct.unpack_from(order + ("Q" if big else "I"), data, place)
            self._entries[tag] = code, length, place

    def numbers(self, tag: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """Return a tag's numbers; raise struct.error when they end behind the data."""
        if tag not in self._entries:
            return default
        code, length, place = self._entries[tag]
        return struct.unpack_from(f"{self._order}{length}{code}", self._data, place)

    def number(self, tag: int, default: int) -> int:
        """Return a tag's first number; raise struct.error when it lies behind the data."""
        return (self.numbers(tag) or (default,))[0]

    def with_number(self, tag: int, number: int) -> bytes:
        """Return the data with a tag's first number replaced; the tag must be there."""
        code, _, place = self._entries[tag]
        changed = bytearray(self._data)
        struct.pack_into(self._order + code, changed, place, number)
        return bytes(changed)
