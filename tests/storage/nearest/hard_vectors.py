"""Vectors of the kinds that float32 arithmetic gets wrong."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def clouds(kind: str, count: int, dim: int, seed: int) -> Floats:
    """Return (count, dim) vectors of one of the kinds that float32 arithmetic gets wrong."""
    generator = np.random.default_rng(seed)
    normal = generator.standard_normal((count, dim))
    vectors = {
        "anywhere": normal,
        "on a grid, with ties and duplicates": generator.integers(-1, 2, (count, dim)),
        "around one far point": 1000 + normal,
        "near-twins": 1 + 1e-6 * normal,
        "of very different lengths": normal * 10.0 ** generator.integers(-18, 18, (count, 1)),
        "so long that squares overflow": normal / np.linalg.norm(normal, axis=1, keepdims=True) * 1.8e19,
        "so short that squares underflow": normal * 1e-23,
        "mostly zero": normal * (generator.random((count, dim)) < 0.1),
    }
    return np.asarray(vectors[kind], np.float32)


KINDS = [
    "anywhere",
    "on a grid, with ties and duplicates",
    "around one far point",
    "near-twins",
    "of very different lengths",
    "so long that squares overflow",
    "so short that squares underflow",
    "mostly zero",
]
