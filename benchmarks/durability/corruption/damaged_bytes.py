"""Ways in which a file's bytes can be damaged: each takes the bytes and a generator, and returns others."""

import struct
from collections.abc import Callable, Mapping

import numpy as np

#: What a disk writes or loses at once.
SECTOR = 512

Damage = Callable[[bytes, np.random.Generator], bytes]


def flip_bit(data: bytes, generator: np.random.Generator) -> bytes:
    """Flip one bit anywhere."""
    place = int(generator.integers(len(data)))
    return data[:place] + bytes([data[place] ^ 1 << int(generator.integers(8))]) + data[place + 1 :]


def flip_bits(data: bytes, generator: np.random.Generator) -> bytes:
    """Flip up to 16 bits, near each other or far apart."""
    damaged = bytearray(data)
    near = int(generator.integers(len(data))), int(generator.integers(1, 64))
    for _ in range(int(generator.integers(2, 17))):
        place = near[0] + int(generator.integers(near[1])) if near[1] % 2 else int(generator.integers(len(data)))
        damaged[place % len(data)] ^= 1 << int(generator.integers(8))
    return bytes(damaged)


def flip_in_heads(size: int) -> Damage:
    """Return a damage that flips one bit in the first 100 bytes of an aligned block."""

    def flip(data: bytes, generator: np.random.Generator) -> bytes:
        start = _block(data, size, generator) * size
        return data[:start] + flip_bit(data[start : start + 100], generator) + data[start + 100 :]

    return flip


def cut_off(data: bytes, generator: np.random.Generator) -> bytes:
    """Cut the file off anywhere."""
    return data[: int(generator.integers(len(data)))]


def append_junk(data: bytes, generator: np.random.Generator) -> bytes:
    """Append up to two sectors of junk, of zeros, or of the file's own start."""
    count = int(generator.integers(1, 2 * SECTOR))
    return data + (generator.bytes(count), bytes(count), data[:count])[int(generator.integers(3))]


def zero_block(size: int) -> Damage:
    """Return a damage that zeroes one aligned block."""

    def zero(data: bytes, generator: np.random.Generator) -> bytes:
        return _with_block(data, size, _block(data, size, generator), bytes(size))

    return zero


def swap_blocks(size: int) -> Damage:
    """Return a damage that swaps two aligned blocks."""

    def swap(data: bytes, generator: np.random.Generator) -> bytes:
        one, other = _block(data, size, generator), _block(data, size, generator)
        first, second = data[one * size : (one + 1) * size], data[other * size : (other + 1) * size]
        return _with_block(_with_block(data, size, one, second), size, other, first)

    return swap


def _block(data: bytes, size: int, generator: np.random.Generator) -> int:
    return int(generator.integers(len(data) // size))


def _with_block(data: bytes, size: int, place: int, block: bytes) -> bytes:
    return data[: place * size] + block + data[(place + 1) * size :]


def mix_blocks(size: int, other: bytes) -> Damage:
    """Return a damage that puts some, never all, of the blocks in which another file differs in their places."""

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


def lie_in_header(data: bytes, generator: np.random.Generator) -> bytes:
    """Put another FAISS index type, or sizes up to terabytes, into the header of an index file.

    The types are those of FAISS's impl/index_read.cpp: flat, IDMap, IVF, HNSW, PQ, LSH, binary and others.
    """
    kind, dim, count = struct.unpack_from("<4siq", data)
    types = b"IxF2 IxFI IxFl IxMp IxM2 IwFl IvFl IwPQ IHNf IHNp IxPq IxHe IxPT IxRF ISQI IBxF IBMp null".split()
    sizes = [0, 1, -1, dim + 1, dim * 2, 2**20, 2**31 - 1]
    counts = [0, -1, count - 1, count + 1, 2**31, 2**40, 2**62, -(2**63)]
    choice = int(generator.integers(4))
    if choice in (0, 3):
        kind = types[int(generator.integers(len(types)))]
    if choice in (1, 3):
        dim = sizes[int(generator.integers(len(sizes)))]
    if choice in (2, 3):
        count = counts[int(generator.integers(len(counts)))]
    floats = (dim * count) % 2**63 if generator.integers(2) else struct.unpack_from("<q", data, 37)[0]
    return struct.pack("<4siq", kind, dim, count) + data[16:37] + struct.pack("<q", floats) + data[45:]


def different(damage: Damage, data: bytes, generator: np.random.Generator) -> bytes:
    """Return the bytes damaged so that they are no longer what they were; one bit flipped where the damage is none."""
    for _ in range(20):
        if (damaged := damage(data, generator)) != data:
            return damaged
    return flip_bit(data, generator)


def pick(damages: Mapping[str, Damage], number: int) -> tuple[str, Damage]:
    """Return the damage whose turn it is."""
    names = list(damages)
    name = names[number % len(names)]
    return name, damages[name]
