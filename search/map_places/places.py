"""Where items are on a map, the figure's and the explorer's alike: their t-SNE, the same in every run."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.map_places import saved_places, tsne, tsne_of_many
from search.map_places.saved_places import Coordinates
from search.map_places.tsne import Points
from storage import Store

#: The largest coordinate.
EXTENT = 65_535

#: Fewer items have no map of their own: they are put side by side.
_MIN_ITEMS = 5

#: Of more items the t-SNE of few would take many minutes.
_FEW = 10_000


@dataclass(frozen=True, eq=False)
class Places:
    """The places of items on a map, and how they were found.

    `coordinates`, (n, 2) uint16, fill the square from 0 to EXTENT; y grows downwards, as on a screen.
    """

    coordinates: Coordinates
    method: str


def map_places(store: Store, ids: NDArray[np.int64], vectors: NDArray[np.float32], few: int = _FEW) -> Places:
    """Return the places of items with these ids, (n,), and vectors, (n, dim) float32; those saved, if there are any."""
    many = len(ids) > few
    method = tsne_of_many.METHOD if many else tsne.METHOD
    digest = _digest(ids, vectors, method)
    folder, chain = store.location.folder, store.last_batch().chain
    if folder is not None and (saved := saved_places.read(folder, chain, digest, len(ids))) is not None:
        return Places(saved, method)
    if len(ids) < _MIN_ITEMS:
        points = _side_by_side(len(ids))
    else:
        points = tsne_of_many.tsne_of_many(vectors) if many else tsne.tsne(vectors)
    coordinates: Coordinates = np.rint(_unit_square(points) * EXTENT).clip(0, EXTENT).astype(np.uint16)
    if folder is not None:
        saved_places.write(folder, chain, digest, coordinates)
    return Places(coordinates, method)


def _digest(ids: NDArray[np.int64], vectors: NDArray[np.float32], method: str) -> bytes:
    """Return a digest of all that places follow from: vectors and parameters."""
    digest = hashlib.sha256(method.encode())
    digest.update(ids.astype("<i8").tobytes())
    digest.update(np.ascontiguousarray(vectors, "<f4").data)
    return digest.digest()


def _side_by_side(count: int) -> Points:
    return np.stack([np.arange(count), np.zeros(count)], axis=1).astype(np.float32)


def _unit_square(points: Points) -> NDArray[np.float64]:
    """Return points, (n, 2), centred in the square from 0 to 1 and scaled alike in both directions to fill it."""
    low, high = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
    extent = max(float((high - low).max()), float(np.finfo(np.float32).tiny))
    return np.asarray((points - (low + high) / 2) / extent + 0.5, np.float64)
