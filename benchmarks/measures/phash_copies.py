"""Find copies by perceptual hashes, as imagededup does: what is usual instead of comparing pictures.

A hash is of 64 bits (PHash); two pictures are copies if at most 10 of these differ, imagededup's default.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from ingest.images.images import decode, read_bytes

#: The most bits by which the hashes of copies differ.
MAX_BITS = 10


def is_installed() -> bool:
    """Return whether the package that makes the hashes is installed."""
    return find_spec("imagehash") is not None


def phash_pairs(folder: Path, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of files of a folder that are copies by their hashes."""
    hashes = np.array([_phash(folder / name) for name in names])
    pairs: list[tuple[str, str]] = []
    for row, bits in enumerate(hashes):
        near = np.flatnonzero(np.count_nonzero(hashes[row + 1 :] != bits, axis=1) <= MAX_BITS) + row + 1
        pairs += [(names[row], names[other]) for other in near.tolist()]
    return pairs


def _phash(path: Path) -> NDArray[np.bool_]:
    import imagehash

    bits = imagehash.phash(PillowImage.fromarray(decode(read_bytes(path), path.name))).hash
    return np.asarray(bits, np.bool_).ravel()
