"""Random variations of an image that leave its label valid."""

import cv2
import numpy as np

from ingest.embedding.linalg.arrays import Float32Array

#: The largest rotation in degrees, shift as a share of the side, and change of scale as a share.
MAX_ROTATION = 12.0
MAX_SHIFT = 0.08
MAX_SCALING = 0.1


def augment(input: Float32Array, generator: np.random.RandomState) -> Float32Array:
    """Return a network input, (side, side, 3) float32, rotated, shifted and scaled a little at random."""
    side = len(input)
    rotation = generator.uniform(-MAX_ROTATION, MAX_ROTATION)
    scale = 1 + generator.uniform(-MAX_SCALING, MAX_SCALING)
    centre = (side - 1) / 2
    transform = np.array(cv2.getRotationMatrix2D((centre, centre), rotation, scale), np.float64)
    transform[:, 2] += generator.uniform(-MAX_SHIFT * side, MAX_SHIFT * side, 2)
    # Replicated borders suit any background colour.
    augmented = cv2.warpAffine(input, transform, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(augmented, np.float32)
