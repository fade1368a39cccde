"""Raw pixels as vectors: the baseline for every embedding, and a test for nearly identical images."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.images.images import Image, to_input
from ingest.sources import SourceImage

#: Side in pixels to which images of different sizes are resized, in colour.
COMMON_SIDE = 32

#: Two images are twins when the root mean square difference of their pixels, in 0..1, is less than this.
TWIN_DIFFERENCE = 0.02

#: Queries compared together.
_CHUNK = 256


def raw_pixels(images: Sequence[SourceImage]) -> NDArray[np.float32]:
    """Return the pixels of images as vectors, (n, d) float32 in 0..1; every image is decoded twice."""
    shapes = {image.shape for image in _decoded(images)}
    if len(shapes) == 1:
        return np.stack([image.ravel() for image in _decoded(images)]).astype(np.float32) / np.float32(255)
    return np.stack([to_input(image, COMMON_SIDE, "area").ravel() for image in _decoded(images)])


def _decoded(images: Iterable[SourceImage]) -> Iterator[Image]:
    return (image.decoded() for image in images)


def have_twins(queries: NDArray[np.float32], stored: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which queries, (q, d) pixels, have a twin among the stored images, (n, d) pixels: (q,) bool."""
    bound = TWIN_DIFFERENCE**2 * stored.shape[1]
    norms = np.square(stored).sum(axis=1)
    twins = np.empty(len(queries), np.bool_)
    for start in range(0, len(queries), _CHUNK):
        chunk = queries[start : start + _CHUNK]
        nearest = np.argmin(norms - 2 * (chunk @ stored.T), axis=1)
        twins[start : start + _CHUNK] = np.square(chunk - stored[nearest]).sum(axis=1) < bound
    return twins
