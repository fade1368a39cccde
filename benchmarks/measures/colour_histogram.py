"""Colour histograms as vectors: the baseline that knows nothing of what a picture shows."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.images.images import Image

#: Bins of each of the three colours.
BINS = 8


def colour_histograms(images: Sequence[Image]) -> NDArray[np.float32]:
    """Return the square roots of the shares of the pixels in each of 512 bins of RGB, (n, 512) float32.

    Swain and Ballard, "Color Indexing", 1991. The Euclidean distance of the roots is Hellinger's.
    """
    return np.stack([_histogram(image) for image in images])


def _histogram(image: Image) -> NDArray[np.float32]:
    colour = image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    counts = cv2.calcHist([np.ascontiguousarray(colour)], [0, 1, 2], None, [BINS] * 3, [0, 256] * 3)
    roots: NDArray[np.float32] = np.sqrt(counts.ravel() / counts.sum()).astype(np.float32)
    return roots
