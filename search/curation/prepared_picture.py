"""A picture prepared for comparison with others: small, with its local features and those of its mirror image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.images.images import Image, shrink
from search.curation.content_frame import Frame, content_frame, normalised

#: Pixels of the longer side for features, and for the comparison of pixels: that of a thumbnail.
FEATURE_SIDE = 256
_SIDE = 96

#: A smaller picture is enlarged to this side before features are looked for.
_SMALL_SIDE = 160

_FEATURES = 256

#: SIFT's usual contrast, and that for pictures which then have next to no features, such as soft slopes of colour.
_CONTRAST, _LOW_CONTRAST = 0.04, 0.01

#: With fewer features than this nothing can be said by them.
_FEW_FEATURES = 4

#: The side of the pictures by which the ways to turn and mirror a whole one are compared.
_SKETCH_SIDE = 32

#: The numbers of a SIFT descriptor: 4 rows along its direction, 4 columns across, and 8 directions of slopes.
_DESCRIPTOR = (4, 4, 8)

Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class Features:
    """Positions, (n, 2) float32 in units of the longer side, and their descriptors, (n, 128) float32."""

    points: NDArray[np.float32]
    descriptors: NDArray[np.float32]


@dataclass(frozen=True)
class Picture:
    """A picture prepared for comparison.

    `pixels` is (h, w, 3) float32 in 0..255, its longer side at most 96 pixels; `features` are those of the picture and
    of its mirror image. `frames` are the whole picture and the part within a border of one colour: left, top, right and
    bottom in pixels; `sketches`, (2, 32, 32) float32, are these in grey, of mean 0 and length 1.
    """

    pixels: Pixels
    grey: Pixels
    features: tuple[Features, Features]
    frames: tuple[Frame, Frame]
    sketches: Pixels

    @property
    def unit(self) -> float:
        """Return the longer side in pixels."""
        return float(max(self.pixels.shape[:2]))


def prepared(image: Image) -> Picture:
    """Return an image, (h, w) or (h, w, 3), prepared for `look`."""
    rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), np.uint8) if image.ndim == 2 else image
    rgb = shrink(rgb, FEATURE_SIDE)
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    if max(grey.shape) < _SMALL_SIDE:
        scale = _SMALL_SIDE / max(grey.shape)
        size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    features = _features(grey)
    pixels = shrink(rgb, _SIDE)
    grey_pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    frames = (0, 0, pixels.shape[1], pixels.shape[0]), content_frame(pixels)
    sketches = np.array([normalised(grey_pixels, frame, _SKETCH_SIDE) for frame in frames])
    mirrored = _mirrored(features, grey.shape[1] / max(grey.shape))
    return Picture(pixels.astype(np.float32), grey_pixels, (features, mirrored), frames, sketches)


def _features(grey: Image) -> Features:
    none = Features(np.empty((0, 2), np.float32), np.empty((0, 128), np.float32))
    if grey.min() == grey.max():
        return none
    keypoints, descriptors = _detected(grey, _CONTRAST)
    if len(keypoints) < _FEW_FEATURES:
        keypoints, descriptors = _detected(grey, _LOW_CONTRAST)
    if descriptors is None or not len(keypoints):
        return none
    points = np.array([keypoint.pt for keypoint in keypoints], np.float32) + np.float32(0.5)
    return Features(points / np.float32(max(grey.shape)), np.asarray(descriptors, np.float32))


def _detected(grey: Image, contrast: float) -> tuple[Sequence[cv2.KeyPoint], Any]:
    """Return the features of a picture with at least a contrast, and their descriptors, None without any."""
    sift = cv2.SIFT.create(nfeatures=_FEATURES, contrastThreshold=contrast, enable_precise_upscale=True)
    return sift.detectAndCompute(grey, None)


def _mirrored(features: Features, width: float) -> Features:
    """Return the features of the mirror image of a picture of some width in units.

    Left and right of a feature's direction change places, and so do slopes that turn left and right of it.
    """
    points = features.points * np.array((-1, 1), np.float32) + np.array((width, 0), np.float32)
    descriptors = features.descriptors.reshape(-1, *_DESCRIPTOR)[:, ::-1]
    directions = -np.arange(_DESCRIPTOR[2]) % _DESCRIPTOR[2]
    return Features(points, np.ascontiguousarray(descriptors[..., directions].reshape(features.descriptors.shape)))
