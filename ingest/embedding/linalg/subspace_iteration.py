"""Approximate the leading principal directions without a full decomposition."""

import numpy as np

from ingest.embedding.linalg.arrays import Float32Array


def subspace_iteration(centred: Float32Array, count: int, seed: int, iterations: int) -> Float32Array:
    """Return orthonormal directions, (d, count) float32, that nearly span those of most variance of rows, (n, d).

    The rows must have mean 0. The start is random, drawn from the seed: Halko, Martinsson and Tropp, "Finding
    Structure with Randomness", 2011, algorithm 4.4 (randomized subspace iteration).
    """
    directions = np.random.RandomState(seed).standard_normal((centred.shape[1], count)).astype(np.float32)
    for _ in range(iterations):
        directions, _ = np.linalg.qr(centred.T @ (centred @ directions))
    return directions
