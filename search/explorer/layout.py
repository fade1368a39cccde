"""Where items are on the map: their t-SNE, the same in every run."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.explorer import layout_cache, projection
from search.explorer.layout_cache import Places
from search.figures import tsne
from search.figures.tsne import Points
from storage import Store

#: The largest coordinate.
EXTENT = 65_535

#: Fewer items have no map of their own: they are put side by side.
_MIN_ITEMS = 5

#: Up to so many items are where the static map has them; of more its t-SNE would take many minutes.
_FEW = 10_000


@dataclass(frozen=True, eq=False)
class Layout:
    """The places of items, (n, 2) uint16, and how they were found."""

    places: Places
    method: str


def layout(store: Store, ids: NDArray[np.int64], vectors: NDArray[np.float32], few: int = _FEW) -> Layout:
    """Return the places of items with these vectors, (n, dim) float32; those computed before, if there are any."""
    many = len(ids) > few
    method = projection.METHOD if many else tsne.METHOD
    digest = _digest(ids, vectors, method)
    folder, chain = store.location.folder, store.last_batch().chain
    if folder is not None and (places := layout_cache.read(folder, chain, digest, len(ids))) is not None:
        return Layout(places, method)
    if len(ids) < _MIN_ITEMS:
        points = _side_by_side(len(ids))
    else:
        points = projection.project_many(vectors) if many else tsne.tsne(vectors)
    placed: Places = np.rint(tsne.unit_square(points) * EXTENT).clip(0, EXTENT).astype(np.uint16)
    if folder is not None:
        layout_cache.write(folder, chain, digest, placed)
    return Layout(placed, method)


def _digest(ids: NDArray[np.int64], vectors: NDArray[np.float32], method: str) -> bytes:
    """Return a digest of all that places follow from: vectors and parameters."""
    digest = hashlib.sha256(method.encode())
    digest.update(ids.astype("<i8").tobytes())
    digest.update(np.ascontiguousarray(vectors, "<f4").data)
    return digest.digest()


def _side_by_side(count: int) -> Points:
    return np.stack([np.arange(count), np.zeros(count)], axis=1).astype(np.float32)
