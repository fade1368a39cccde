"""Vectors of the kinds that float32 arithmetic gets wrong."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


#: How each kind of vectors is made from normally distributed numbers, (count, dim), and more random numbers.
_KINDS: dict[str, Callable[[NDArray[np.float64], np.random.Generator], NDArray[Any]]] = {
    "anywhere": lambda normal, _: normal,
    "on a grid, with ties and duplicates": lambda normal, generator: generator.integers(-1, 2, normal.shape),
    "around one far point": lambda normal, _: 1000 + normal,
    "near-twins": lambda normal, _: 1 + 1e-6 * normal,
    "of very different lengths": lambda normal, generator: (
        normal * 10.0 ** generator.integers(-18, 18, (len(normal), 1))
    ),
    "so long that squares overflow": lambda normal, _: normal / np.linalg.norm(normal, axis=1, keepdims=True) * 1.8e19,
    "so short that squares underflow": lambda normal, _: normal * 1e-23,
    "mostly zero": lambda normal, generator: normal * (generator.random(normal.shape) < 0.1),
}

KINDS = list(_KINDS)


def clouds(kind: str, count: int, dim: int, seed: int) -> Floats:
    """Return (count, dim) vectors of a kind."""
    generator = np.random.default_rng(seed)
    return np.asarray(_KINDS[kind](generator.standard_normal((count, dim)), generator), np.float32)
