"""TIFF files, classic and big, in both byte orders, in strips or tiles (TIFF 6.0)."""

import struct
from collections.abc import Mapping, Sequence

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, LAB = 0, 1, 2, 3, 5, 8

_CODES = {3: "H", 4: "I"}
_STRIPS, _TILES = (273, 279), (324, 325)


def tiff_of(
    width: int,
    height: int,
    parts: Sequence[bytes],
    photometric: int = RGB,
    samples: int = 3,
    bits: int = 8,
    tags: Mapping[int, Sequence[int]] | None = None,
    order: str = "<",
    big: bool = False,
    tile: int = 0,
) -> bytes:
    """Return a TIFF whose packed samples come in strips of equal height, or in square tiles; `tags` adds tags."""
    numbers: dict[int, tuple[int, Sequence[int]]] = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [bits] * samples),
        259: (3, [1]),
        262: (3, [photometric]),
        277: (3, [samples]),
    }
    if tile:
        numbers |= {322: (4, [tile]), 323: (4, [tile])}
    else:
        numbers[278] = (4, [-(-height // len(parts))])
    numbers |= {tag: (3, values) for tag, values in (tags or {}).items()}
    starts, lengths = _TILES if tile else _STRIPS
    numbers |= {starts: (4, [0] * len(parts)), lengths: (4, [len(part) for part in parts])}
    # First with zeros, for the length of the directory, on which the offsets of the parts depend.
    start = len(_directory(numbers, order, big))
    offsets = [start + sum(map(len, parts[:number])) for number in range(len(parts))]
    return _directory(numbers | {starts: (4, offsets)}, order, big) + b"".join(parts)


def _directory(numbers: Mapping[int, tuple[int, Sequence[int]]], order: str, big: bool) -> bytes:
    mark = b"II" if order == "<" else b"MM"
    head = struct.pack(order + "HHHQ", 43, 8, 0, 16) if big else struct.pack(order + "HI", 42, 8)
    count = struct.pack(order + ("Q" if big else "H"), len(numbers))
    word, room = ("Q", 8) if big else ("I", 4)
    behind = 2 + len(head) + len(count) + len(numbers) * (4 + 2 * room) + room
    entries = values = b""
    for tag, (kind, given) in sorted(numbers.items()):
        packed = struct.pack(f"{order}{len(given)}{_CODES[kind]}", *given)
        if len(packed) > room:
            values, packed = values + packed, struct.pack(order + word, behind + len(values))
        entries += struct.pack(order + "HH" + word, tag, kind, len(given)) + packed.ljust(room, b"\0")
    return mark + head + count + entries + bytes(room) + values
