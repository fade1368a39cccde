"""Whether two drawings of a package are one picture: it has some twice, turned, mirrored or in other colours.

To tell this from pixels is no part of what is measured: whole pictures are compared, of the same proportions, and no
edges, features or vectors. `same_drawings.txt` names pairs of which an eye is needed to say so.
"""

import hashlib
from enum import Enum, auto
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.measures.debian_pictures import DRAWINGS
from ingest.images.images import decode, read_bytes

#: The side at which pictures are compared, and by how much the logarithms of their proportions may differ.
_SIDE = 64
_PROPORTIONS = 0.03

#: The mean difference of levels up to which pictures are the same, and the share of their variance in common: thin
#: lines on white change few pixels.
_LEVELS = 2.0
_COMMON = 0.95

#: The share of either one's variance that the other's colours explain, by a linear change, if one was recoloured.
_EXPLAINED = 0.95

_SAME = Path(__file__).with_name("same_drawings.txt")

_Colours = NDArray[np.float32]


class Relation(Enum):
    """How two pictures are related."""

    SAME = auto()
    VARIANT = auto()
    OTHER = auto()


def relation(first: Path, second: Path) -> Relation:
    """Return whether two files have the same picture, or one that is turned, mirrored or in other colours."""
    if frozenset((file_digest(first), file_digest(second))) in same_drawings():
        return Relation.VARIANT
    ratio, here = _small(first)
    other_ratio, other = _small(second)
    if max(np.ptp(here), np.ptp(other), np.abs(here - other).max()) <= _LEVELS:
        # Empty pages are the same whatever their proportions.
        return Relation.SAME
    if abs(ratio - other_ratio) <= _PROPORTIONS and _are_same(here, other):
        return Relation.SAME
    for turns in range(4):
        if abs(ratio - (other_ratio if turns % 2 == 0 else -other_ratio)) > _PROPORTIONS:
            continue
        for mirrored in (other, other[:, ::-1]):
            there = np.rot90(mirrored, turns)
            if _are_same(here, there) or min(_explained(here, there), _explained(there, here)) >= _EXPLAINED:
                return Relation.VARIANT
    return Relation.OTHER


@lru_cache
def same_drawings() -> frozenset[frozenset[str]]:
    """Return the pairs of drawings of which nobody can say whether they are copies, by the sha256 of their files."""
    pairs = (line.split("\t") for line in _SAME.read_text().splitlines() if not line.startswith("#"))
    return frozenset(frozenset(file_digest(DRAWINGS / path) for path in pair) for pair in pairs)


def file_digest(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal; of one that is not there its name."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else path.name


@lru_cache(maxsize=4096)
def _small(path: Path) -> tuple[float, _Colours]:
    """Return the logarithm of a picture's width in units of its height, and its colours, (64, 64, 3)."""
    image = decode(read_bytes(path), path.name)
    height, width = image.shape[:2]
    small = cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return float(np.log(width / height)), small if small.ndim == 3 else np.repeat(small[..., None], 3, axis=2)


def _are_same(first: _Colours, second: _Colours) -> bool:
    if float(np.abs(first - second).mean()) > _LEVELS:
        return False
    variance = min(float(first.var()), float(second.var()))
    return float(np.square(first - second).mean()) <= (1 - _COMMON) * variance + 1


def _explained(colours: _Colours, by: _Colours) -> float:
    """Return the share of the variance of some colours that a linear change of other colours explains."""
    inputs = np.column_stack((by.reshape(-1, 3), np.ones(_SIDE**2, np.float32))).astype(np.float64)
    wanted = colours.reshape(-1, 3).astype(np.float64)
    solution, *_ = np.linalg.lstsq(inputs, wanted, rcond=None)
    spread = float(np.square(wanted - wanted.mean(axis=0)).sum())
    return 1 - float(np.square(inputs @ solution - wanted).sum()) / spread if spread > 0 else 0.0
