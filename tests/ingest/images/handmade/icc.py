"""Colour profiles of three primaries and one gamma (ICC.1:2010, section 8.3)."""

import struct

import numpy as np
from numpy.typing import NDArray

#: The primaries of Display P3 as columns of XYZ, adapted to the profile's white, D50.
DISPLAY_P3 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])

_D50 = (0.9642, 1.0, 0.8249)
_GAMMA = 2.2


def profile_of(primaries: NDArray[np.float64]) -> bytes:
    """Return a monitor's profile with these primaries and a gamma of 2.2."""
    tags = {b"wtpt": _xyz(_D50), b"desc": _text(b"desc", b"hand"), b"cprt": b"text\0\0\0\0none\0"}
    for name, column in zip((b"r", b"g", b"b"), primaries.T, strict=True):
        tags[name + b"XYZ"] = _xyz(tuple(column))
        tags[name + b"TRC"] = b"curv" + struct.pack(">IIH", 0, 1, round(_GAMMA * 256)) + b"\0\0"
    start = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    header = struct.pack(">II", start + len(data), 0) + b"\2\x10\0\0mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    return header + struct.pack(">3i", *(round(number * 65536) for number in _D50)) + bytes(48) + table + data


def converted(colour: tuple[int, int, int], primaries: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a colour of such a profile in sRGB, 0 to 255, by the definitions."""
    linear = np.linalg.solve(SRGB, primaries @ (np.array(colour) / 255) ** _GAMMA)
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _xyz(numbers: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(number * 65536) for number in numbers))


def _text(kind: bytes, text: bytes) -> bytes:
    return kind + bytes(4) + struct.pack(">I", len(text) + 1) + text + b"\0" + bytes(78)
