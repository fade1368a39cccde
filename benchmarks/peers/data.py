"""Vectors, labels and queries that every peer gets, and the exact answers in float64."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DIM = 128
K = 10

_LABELS = 10
_CLUSTERS = 200

#: Rows that are compared at once: bounds the memory of the exact answers.
_CHUNK = 20_000

_VECTORS, _QUERIES = "vectors.npy", "queries.npy"


@dataclass(frozen=True)
class Data:
    """`vectors` (n, 128) and `queries` (q, 128), float32; `nearest` (q, k) the distance of each query's k-th, float64.

    They lie in clusters and along few directions, as embeddings of pictures after PCA do, which is kinder to
    approximate indexes than noise without any form.
    """

    vectors: NDArray[np.float32]
    queries: NDArray[np.float32]
    kth: NDArray[np.float64]
    seed: int

    def recall(self, found: list[list[int]]) -> float:
        """Return the share of the k nearest that were found, for the first queries; a tie with the k-th counts."""
        shares = []
        for query, kth, numbers in zip(self.queries, self.kth, found, strict=False):
            known = np.array(sorted({number for number in numbers[:K] if 0 <= number < len(self.vectors)}), np.int64)
            distances = np.linalg.norm(self.vectors[known].astype(np.float64) - query, axis=1)
            shares.append(np.count_nonzero(distances <= kth * (1 + 1e-12)) / K)
        return float(np.mean(shares))


def drawn(count: int, queries: int, seed: int) -> Data:
    """Draw vectors and queries that are not among them, and compare each with all in float64."""
    generator = np.random.default_rng(seed)
    spread = (1.0 + np.arange(DIM)) ** -0.5
    centres = generator.standard_normal((_CLUSTERS, DIM)) * spread
    which = generator.integers(_CLUSTERS, size=count + queries)
    points = (centres[which] + 0.6 * generator.standard_normal((count + queries, DIM)) * spread).astype(np.float32)
    vectors, asked = points[:count], points[count:]
    return Data(vectors, asked, _kth(vectors, asked), seed)


def label_of(number: int) -> str:
    """Return the label that belongs to a vector's number, so that a wrong one shows."""
    return str(number * 7 % _LABELS)


def written(data: Data, folder: Path) -> None:
    """Write vectors and queries for the peers' processes."""
    np.save(folder / _VECTORS, data.vectors)
    np.save(folder / _QUERIES, data.queries)


def vectors_in(folder: Path) -> NDArray[np.float32]:
    """Map the vectors, so that many processes share them."""
    return np.asarray(np.load(folder / _VECTORS, mmap_mode="r"))


def queries_in(folder: Path) -> NDArray[np.float32]:
    """Read the queries."""
    return np.asarray(np.load(folder / _QUERIES))


def _kth(vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the distance of each query's k-th nearest, from differences in float64."""
    wide = queries.astype(np.float64)
    kept = np.empty((len(queries), 0))
    for start in range(0, len(vectors), _CHUNK):
        chunk = vectors[start : start + _CHUNK].astype(np.float64)
        # |q - x|^2 as |q|^2 + |x|^2 - 2qx: in float64 its error is 1e-15 of the squares, far below the gaps.
        squares = (wide**2).sum(1)[:, np.newaxis] + (chunk**2).sum(1) - 2 * wide @ chunk.T
        places = np.argpartition(squares, K, axis=1)[:, : K + 1] if len(chunk) > K + 1 else np.argsort(squares, axis=1)
        exact = np.stack([np.linalg.norm(chunk[row] - query, axis=1) for row, query in zip(places, wide, strict=True)])
        kept = np.sort(np.concatenate([kept, exact], axis=1), axis=1)[:, : K + 1]
    return np.asarray(kept[:, K - 1])
