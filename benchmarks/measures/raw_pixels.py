"""Raw pixels: what any embedding has to beat, and what shows which images are nearly the same."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.images.images import Image, to_input
from ingest.sources import SourceImage

#: Images of different sizes are shrunk or enlarged to this side, in colour.
COMMON_SIDE = 32

#: Two images are twins when their pixels differ by less than this, as a share of the range, root mean square.
TWIN_DIFFERENCE = 0.02

_AT_ONCE = 256


def raw_pixels(images: Sequence[SourceImage]) -> NDArray[np.float32]:
    """Return images as vectors of their pixels, (n, d) float32 in 0..1; they are walked twice."""
    shapes = {image.shape for image in _decoded(images)}
    if len(shapes) == 1:
        return np.stack([image.ravel() for image in _decoded(images)]).astype(np.float32) / np.float32(255)
    return np.stack([to_input(image, COMMON_SIDE, "area").ravel() for image in _decoded(images)])


def _decoded(images: Iterable[SourceImage]) -> Iterator[Image]:
    return (image.decoded() for image in images)


def have_twins(queries: NDArray[np.float32], stored: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which queries, (q, d) pixels, have a twin among the stored, (n, d) pixels."""
    bound = TWIN_DIFFERENCE**2 * stored.shape[1]
    norms = np.square(stored).sum(axis=1)
    found = np.empty(len(queries), np.bool_)
    for start in range(0, len(queries), _AT_ONCE):
        some = queries[start : start + _AT_ONCE]
        nearest = np.argmin(norms - 2 * (some @ stored.T), axis=1)
        found[start : start + _AT_ONCE] = np.square(some - stored[nearest]).sum(axis=1) < bound
    return found
