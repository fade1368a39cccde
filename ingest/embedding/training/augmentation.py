"""Small variations of an image, under which what it shows stays the same."""

import cv2
import numpy as np

from ingest.embedding.network.backbone import Floats

#: The most an image is turned, in degrees; moved, as a share of its side; and enlarged or shrunk, as a share.
TURN = 12.0
SHIFT = 0.08
GROWTH = 0.1


def varied(input: Floats, generator: np.random.RandomState) -> Floats:
    """Return a copy of a network's input, (side, side, 3) float32, turned, moved and scaled a little at random."""
    side = len(input)
    turn = generator.uniform(-TURN, TURN)
    growth = 1 + generator.uniform(-GROWTH, GROWTH)
    middle = (side - 1) / 2
    moves = np.array(cv2.getRotationMatrix2D((middle, middle), turn, growth), np.float64)
    moves[:, 2] += generator.uniform(-SHIFT * side, SHIFT * side, 2)
    # What comes in at the edges is the edge's own colour, whatever the background is.
    copy = cv2.warpAffine(input, moves, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(copy, np.float32)
