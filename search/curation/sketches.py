"""Sketches of pictures: grey, of 16 by 16 pixels, compared in all eight ways to turn and mirror them.

A network puts simple drawings together whatever they show: of a crowd of white pages or thin circles the nearest may be
others than the copies. Their sketches tell which of many neighbours are worth a second look.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.images.images import Image, shrink
from search.curation.content_frame import content_frame, normalised
from search.thumbnail_image import thumbnail_image
from storage import Store

_SIDE = 16

#: The longer side of a picture that is sketched, that of a thumbnail.
_PICTURE_SIDE = 96

#: Thumbnails read at once.
_PAGE = 1024

#: A picture, and what is in its border of one colour, (2, 256), of mean 0 and length 1 each.
Sketch = NDArray[np.float32]


class Sketches:
    """Sketches of items' thumbnails; one without a thumbnail is like no other."""

    def __init__(self, store: Store, ids: Sequence[int]) -> None:
        self._row = {id: row for row, id in enumerate(ids)}
        self._sketches = np.zeros((len(ids), 2, _SIDE**2), np.float16)
        for start in range(0, len(ids), _PAGE):
            for id, png in store.thumbnails(ids[start : start + _PAGE]).items():
                image = thumbnail_image(png)
                if image is not None:
                    self._sketches[self._row[id]] = sketch(image)

    def likeness(self, id: int, others: Sequence[int]) -> NDArray[np.float64]:
        """Return how like an item each of some others is, (n,), 0 to 1."""
        return self.likeness_to(self._sketches[self._row[id]].astype(np.float32), others)

    def likeness_to(self, picture: Sketch, others: Sequence[int]) -> NDArray[np.float64]:
        """Return how like a sketch each of some items is, (n,), 0 to 1."""
        return likeness(picture, self._sketches[[self._row[other] for other in others]].astype(np.float32))


def likeness(picture: Sketch, others: Sketch) -> NDArray[np.float64]:
    """Return the absolute correlation of a sketch with others, (n, 2, 256), in the best of all ways, (n,)."""
    alike = np.abs(others.reshape(-1, _SIDE**2) @ _all_ways(picture).T)
    return np.asarray(alike.reshape(len(others), 2 * 16).max(axis=1), np.float64)


def sketch(image: Image) -> Sketch:
    """Return a picture, and what is in its border of one colour, (2, 256) float32 of mean 0 and length 1."""
    rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), np.uint8) if image.ndim == 2 else image
    pixels = shrink(rgb, _PICTURE_SIDE)
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)
    whole = (0, 0, pixels.shape[1], pixels.shape[0])
    return np.array([normalised(grey, frame, _SIDE).ravel() for frame in (whole, content_frame(pixels))])


def _all_ways(picture: Sketch) -> Sketch:
    """Return both parts of a sketch in the eight ways to turn and mirror them, (16, 256)."""
    square = picture.reshape(2, _SIDE, _SIDE)
    both = np.concatenate((square, square[:, :, ::-1]))
    return np.concatenate([np.rot90(both, turns, axes=(1, 2)) for turns in range(4)]).reshape(-1, _SIDE**2)
