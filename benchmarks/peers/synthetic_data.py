"""Synthetic vectors, labels and queries for all peers, with the exact distances in float64."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DIM = 128
K = 10

_LABELS = 10
_CLUSTERS = 200

#: Rows compared at once: bounds the memory of the exact distances.
_CHUNK = 20_000

_VECTORS, _QUERIES = "vectors.npy", "queries.npy"


@dataclass(frozen=True)
class SyntheticData:
    """`vectors` (n, 128) and `queries` (q, 128), float32; `kth` (q,) float64, the distance of each query's k-th hit.

    They lie in clusters, with a variance that falls over the dimensions, as embeddings after PCA do. That favours
    approximate indexes more than unstructured noise would.
    """

    vectors: NDArray[np.float32]
    queries: NDArray[np.float32]
    kth: NDArray[np.float64]

    def recall(self, hits: list[list[int]]) -> float:
        """Return recall@k of the vectors' numbers for the first queries; a tie with the k-th hit counts as found."""
        shares = []
        for query, kth, numbers in zip(self.queries, self.kth, hits, strict=False):
            valid = np.array(sorted({number for number in numbers[:K] if 0 <= number < len(self.vectors)}), np.int64)
            distances = np.linalg.norm(self.vectors[valid].astype(np.float64) - query, axis=1)
            shares.append(np.count_nonzero(distances <= kth * (1 + 1e-12)) / K)
        return float(np.mean(shares))


def make_data(vector_count: int, query_count: int, seed: int) -> SyntheticData:
    """Return random vectors, other vectors of the same distribution as queries, and their exact distances."""
    generator = np.random.default_rng(seed)
    scale = (1.0 + np.arange(DIM)) ** -0.5
    count = vector_count + query_count
    centres = generator.standard_normal((_CLUSTERS, DIM)) * scale
    clusters = generator.integers(_CLUSTERS, size=count)
    points = (centres[clusters] + 0.6 * generator.standard_normal((count, DIM)) * scale).astype(np.float32)
    vectors, queries = points[:vector_count], points[vector_count:]
    return SyntheticData(vectors, queries, kth_distances(vectors, queries))


def label_of(number: int) -> str:
    """Return the label of a vector by its number, so that a mix-up of rows shows."""
    return str(number * 7 % _LABELS)


def save_data(data: SyntheticData, folder: Path) -> None:
    """Write vectors and queries for the peers' processes."""
    np.save(folder / _VECTORS, data.vectors)
    np.save(folder / _QUERIES, data.queries)


def load_vectors(folder: Path) -> NDArray[np.float32]:
    """Memory-map the vectors, so that processes share them."""
    return np.asarray(np.load(folder / _VECTORS, mmap_mode="r"))


def load_queries(folder: Path) -> NDArray[np.float32]:
    """Read the queries."""
    return np.asarray(np.load(folder / _QUERIES))


def kth_distances(
    vectors: NDArray[np.float32], queries: NDArray[np.float32], chunk_size: int = _CHUNK
) -> NDArray[np.float64]:
    """Return the distance of each query's k-th nearest vector, (q,) float64, computed from differences in float64."""
    wide = queries.astype(np.float64)
    nearest = np.empty((len(queries), 0))
    for start in range(0, len(vectors), chunk_size):
        chunk = vectors[start : start + chunk_size].astype(np.float64)
        # |q - x|^2 = |q|^2 + |x|^2 - 2qx only selects candidates: its error, 1e-15 of the squares, is below all gaps.
        squared = (wide**2).sum(1)[:, np.newaxis] + (chunk**2).sum(1) - 2 * wide @ chunk.T
        rows = np.argpartition(squared, K, axis=1)[:, : K + 1] if len(chunk) > K + 1 else np.argsort(squared, axis=1)
        exact = np.stack([np.linalg.norm(chunk[row] - query, axis=1) for row, query in zip(rows, wide, strict=True)])
        nearest = np.sort(np.concatenate([nearest, exact], axis=1), axis=1)[:, : K + 1]
    return np.asarray(nearest[:, K - 1])
