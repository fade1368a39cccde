"""Some of an index's vectors that single queries are compared with, where they are or as a copy of their bytes."""

import threading
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from storage.nearest.answers import Positions
from storage.nearest.faiss_sq8 import FaissSq8

#: Single queries before the quantized vectors of a selection are copied for them.
_FEW_QUERIES = 8


class Selection:
    """The vectors where a mask, (n,) bool, is true, at `positions`, (m,) int64; thread-safe.

    `squared_norms`, (n,) float32, are those of all vectors.
    """

    def __init__(self, mask: NDArray[np.bool_], positions: Positions, squared_norms: NDArray[np.float32]) -> None:
        self.mask = mask
        self._positions = positions
        self._squared_norms = squared_norms
        self._copying = threading.Lock()
        self._copy: FaissSq8 | None = None
        self._queries = 0

    def __len__(self) -> int:
        """Return the number of selected vectors."""
        return len(self._positions)

    @cached_property
    def norms(self) -> NDArray[np.float32]:
        """Return the squared norms, (n,) float32, infinite for vectors that are not selected."""
        return np.where(self.mask, self._squared_norms, np.float32(np.inf))

    @cached_property
    def bits(self) -> NDArray[np.uint8]:
        """Return the mask as bits, the first in the lowest of each byte."""
        return np.packbits(self.mask, bitorder="little")

    @property
    def nbytes(self) -> int:
        """Return the bytes that the selection takes by now."""
        derived = [self.__dict__.get("norms"), self.__dict__.get("bits"), self._copy]
        return sum(each.nbytes for each in (self.mask, self._positions, *derived) if each is not None)

    def copied_from(self, index: FaissSq8) -> FaissSq8 | None:
        """Return a copy of the selected ones of quantized vectors, always the same; None as long as it may not pay."""
        self._queries += 1
        if self._copy is not None or self._queries <= _FEW_QUERIES or not self._copying.acquire(blocking=False):
            return self._copy
        try:
            if self._copy is None:
                self._copy = index.part(self._positions)
            return self._copy
        finally:
            self._copying.release()
