"""GIF files of four colours: red, green, blue and nearly black (GIF89a specification)."""

import struct
from dataclasses import dataclass

COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (9, 9, 9))

_CODE_BITS = 3
_CLEAR, _END = 4, 5


@dataclass(frozen=True)
class Frame:
    """Colour indices in rows, their position on the canvas, and the transparent index."""

    rows: tuple[tuple[int, ...], ...]
    left: int = 0
    top: int = 0
    transparent: int | None = None


def gif_of(width: int, height: int, *frames: Frame, background: int = 0) -> bytes:
    """Return a GIF; frames after the first make an animation."""
    header = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x81, background, 0)
    return header + bytes(sum(COLOURS, ())) + b"".join(_encoded(frame) for frame in frames) + b";"


def _encoded(frame: Frame) -> bytes:
    control = b""
    if frame.transparent is not None:
        control = b"\x21\xf9\x04\x01\0\0" + bytes([frame.transparent, 0])
    size = struct.pack("<HHHHB", frame.left, frame.top, len(frame.rows[0]), len(frame.rows), 0)
    data = _packed([number for row in frame.rows for number in row])
    blocks = b"".join(
        bytes([len(data[start : start + 255])]) + data[start : start + 255] for start in range(0, len(data), 255)
    )
    return control + b"\x2c" + size + b"\x02" + blocks + b"\0"


def _packed(numbers: list[int]) -> bytes:
    """Encode numbers with LZW, and clear its table so often that no code grows beyond three bits."""
    codes = [_CLEAR]
    for position, number in enumerate(numbers):
        codes += [_CLEAR, number] if position and position % 2 == 0 else [number]
    codes.append(_END)
    bits = sum(code << _CODE_BITS * position for position, code in enumerate(codes))
    return bits.to_bytes((len(codes) * _CODE_BITS + 7) // 8, "little")
