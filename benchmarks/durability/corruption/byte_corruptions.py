"""Ways to corrupt a file's bytes: each takes the bytes and a random generator, and returns other bytes."""

import struct
from collections.abc import Callable

import numpy as np

#: What a disk writes or loses at once, in bytes.
SECTOR = 512

Corruption = Callable[[bytes, np.random.Generator], bytes]


def flip_bit(data: bytes, generator: np.random.Generator) -> bytes:
    """Flip one bit anywhere."""
    offset = int(generator.integers(len(data)))
    return data[:offset] + bytes([data[offset] ^ 1 << int(generator.integers(8))]) + data[offset + 1 :]


def flip_bits(data: bytes, generator: np.random.Generator) -> bytes:
    """Flip up to 16 bits, near each other or far apart."""
    corrupt = bytearray(data)
    start, width = int(generator.integers(len(data))), int(generator.integers(1, 64))
    for _ in range(int(generator.integers(2, 17))):
        offset = start + int(generator.integers(width)) if width % 2 else int(generator.integers(len(data)))
        corrupt[offset % len(data)] ^= 1 << int(generator.integers(8))
    return bytes(corrupt)


def flip_in_block_heads(size: int) -> Corruption:
    """Return a corruption that flips one bit in the first 100 bytes of an aligned block."""

    def flip(data: bytes, generator: np.random.Generator) -> bytes:
        start = _draw_block(data, size, generator) * size
        return data[:start] + flip_bit(data[start : start + 100], generator) + data[start + 100 :]

    return flip


def truncate(data: bytes, generator: np.random.Generator) -> bytes:
    """Truncate the file anywhere."""
    return data[: int(generator.integers(len(data)))]


def append_junk(data: bytes, generator: np.random.Generator) -> bytes:
    """Append up to two sectors of random bytes, of zeros, or of the file's own start."""
    count = int(generator.integers(1, 2 * SECTOR))
    return data + (generator.bytes(count), bytes(count), data[:count])[int(generator.integers(3))]


def zero_block(size: int) -> Corruption:
    """Return a corruption that zeroes one aligned block."""

    def zero(data: bytes, generator: np.random.Generator) -> bytes:
        return _with_block(data, size, _draw_block(data, size, generator), bytes(size))

    return zero


def swap_blocks(size: int) -> Corruption:
    """Return a corruption that swaps two aligned blocks."""

    def swap(data: bytes, generator: np.random.Generator) -> bytes:
        a, b = _draw_block(data, size, generator), _draw_block(data, size, generator)
        block_a, block_b = data[a * size : (a + 1) * size], data[b * size : (b + 1) * size]
        return _with_block(_with_block(data, size, a, block_b), size, b, block_a)

    return swap


def _draw_block(data: bytes, size: int, generator: np.random.Generator) -> int:
    return int(generator.integers(len(data) // size))


def _with_block(data: bytes, size: int, number: int, block: bytes) -> bytes:
    return data[: number * size] + block + data[(number + 1) * size :]


def mix_blocks(size: int, other: bytes) -> Corruption:
    """Return a corruption that takes some, never all, of the differing blocks from another file."""

    def mix(data: bytes, generator: np.random.Generator) -> bytes:
        starts = range(0, min(len(data), len(other)), size)
        differing = [start for start in starts if data[start : start + size] != other[start : start + size]]
        if len(differing) < 2:
            return data
        mixed = data
        for start in generator.choice(differing, int(generator.integers(1, len(differing))), replace=False).tolist():
            mixed = _with_block(mixed, size, start // size, other[start : start + size])
        return mixed

    return mix


def forge_header(data: bytes, generator: np.random.Generator) -> bytes:
    """Put another FAISS index type, or sizes up to terabytes, into the header of an index file.

    The types are those of FAISS's impl/index_read.cpp: flat, IDMap, IVF, HNSW, PQ, LSH, binary and others.
    """
    kind, dim, count = struct.unpack_from("<4siq", data)
    types = b"IxF2 IxFI IxFl IxMp IxM2 IwFl IvFl IwPQ IHNf IHNp IxPq IxHe IxPT IxRF ISQI IBxF IBMp null".split()
    dims = [0, 1, -1, dim + 1, dim * 2, 2**20, 2**31 - 1]
    counts = [0, -1, count - 1, count + 1, 2**31, 2**40, 2**62, -(2**63)]
    choice = int(generator.integers(4))
    if choice in (0, 3):
        kind = types[int(generator.integers(len(types)))]
    if choice in (1, 3):
        dim = dims[int(generator.integers(len(dims)))]
    if choice in (2, 3):
        count = counts[int(generator.integers(len(counts)))]
    floats = (dim * count) % 2**63 if generator.integers(2) else struct.unpack_from("<q", data, 37)[0]
    return struct.pack("<4siq", kind, dim, count) + data[16:37] + struct.pack("<q", floats) + data[45:]


def forge_words(data: bytes, generator: np.random.Generator) -> bytes:
    """Put numbers up to 64 bits, large, negative or a little off, in place of one to four others."""
    forged = bytearray(data)
    for _ in range(int(generator.integers(1, 5))):
        size = (2, 4, 8)[int(generator.integers(3))]
        offset = int(generator.integers(len(data) // size)) * size
        number = int.from_bytes(data[offset : offset + size], "little")
        bits = 8 * size
        numbers = [
            0,
            1,
            number + 1,
            number - 1,
            number * 2,
            2**bits - 1,
            2 ** (bits - 1) - 1,
            2 ** (bits // 2),
            len(data),
        ]
        forged[offset : offset + size] = (numbers[int(generator.integers(len(numbers)))] % 2**bits).to_bytes(
            size, "little"
        )
    return bytes(forged)


def differing(corrupt: Corruption, data: bytes, generator: np.random.Generator) -> bytes:
    """Return corrupt bytes that differ from the given ones: if the corruption changes none, one bit is flipped."""
    for _ in range(20):
        if (result := corrupt(data, generator)) != data:
            return result
    return flip_bit(data, generator)


#: Corruptions of files of any kind, by name.
OF_ANY_FILE: dict[str, Corruption] = {
    "bit flip": flip_bit,
    "several bits": flip_bits,
    "truncation": truncate,
    "trailing junk": append_junk,
    "zeroed sector": zero_block(SECTOR),
    "swapped sectors": swap_blocks(SECTOR),
}
