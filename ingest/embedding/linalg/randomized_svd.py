"""The directions along which rows vary most, found without all of them."""

import numpy as np

from ingest.embedding.network.backbone import Floats


def leading_directions(centred: Floats, count: int, seed: int, times: int) -> Floats:
    """Return orthonormal directions, (d, count) float32, along which rows of mean 0, (n, d), vary most, or nearly.

    Random ones, drawn from the seed, are turned towards them so many times: Halko, Martinsson and Tropp, "Finding
    Structure with Randomness", 2011, algorithm 4.4.
    """
    directions = np.random.RandomState(seed).standard_normal((centred.shape[1], count)).astype(np.float32)
    for _ in range(times):
        directions, _ = np.linalg.qr(centred.T @ (centred @ directions))
    return directions
