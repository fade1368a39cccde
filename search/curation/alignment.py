"""Lay a picture on another: transforms by local features, of whole pictures and of parts, each to be tried.

A transform (2, 3) takes positions in the second picture, or in its mirror image, to the first, in units of each one's
longer side.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.embedding.linalg.blas_threads import one_blas_thread
from ingest.images.images import shrink
from search.curation.content_frame import Frame
from search.curation.prepared_picture import Features, Picture, Pixels

#: Lowe's ratio test, and the distance up to which a match fits a transform, in units of the longer side.
_RATIO = 0.8
_FIT = 0.0125

#: Fewer matches than this fit a transform by chance.
_MIN_MATCHES = 4

#: The side at which a transform is refined.
_REFINING_SIDE = 48

#: The side at which a picture is sought in another, and its sizes there, in units of the other's longer side.
_PART_SIDE = 40
_PART_SIZES = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7)

#: The correlation from which a part is worth to be tried.
_PART_LIKENESS = 0.6

#: By less no way is better than one that comes before it.
_NEGLIGIBLE = 0.005

#: Pictures whose greys have a smaller standard deviation show nothing that could be sought.
_LEAST_DEVIATION = 2.0

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Transform:
    """How the second picture, or its mirror image, lies on the first.

    `matches` is the number of features that fit, and `matched` its share of the features that could.
    """

    mirrored: bool
    matrix: Matrix
    matches: int = 0
    matched: float = 0.0


def by_features(first: Picture, second: Picture) -> Transform | None:
    """Return the similarity that most matches of local features fit (SIFT, Lowe 2004; RANSAC), None without any."""
    # The products are so small that other threads would take longer to be woken.
    with one_blas_thread():
        found = [
            transform
            for mirrored in (False, True)
            if (transform := _fitted(first.features[0], second.features[mirrored], mirrored)) is not None
        ]
    return max(found, key=lambda transform: transform.matches, default=None)


def _fitted(first: Features, second: Features, mirrored: bool) -> Transform | None:
    if min(len(first.points), len(second.points)) < _MIN_MATCHES:
        return None
    squared = (
        np.square(first.descriptors).sum(axis=1)[:, None]
        + np.square(second.descriptors).sum(axis=1)
        - 2 * first.descriptors @ second.descriptors.T
    )
    rows = np.arange(len(squared))
    nearest = squared.argmin(axis=1)
    least = squared[rows, nearest]
    squared[rows, nearest] = np.inf
    good = least < _RATIO**2 * squared.min(axis=1)
    if np.count_nonzero(good) < _MIN_MATCHES:
        return None
    there, here = second.points[nearest[good]], first.points[good]
    matrix, fits = cv2.estimateAffinePartial2D(
        there, here, method=cv2.RANSAC, ransacReprojThreshold=_FIT, maxIters=1000, confidence=0.999
    )
    if matrix is None:
        return None
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if not 1 / 8 < scale < 8:
        return None
    # Several features of one picture may have been matched with the same of the other.
    matches = len(np.unique(there[fits.ravel() > 0], axis=0))
    matched = matches / min(len(first.points), len(second.points))
    return Transform(mirrored, np.asarray(matrix, np.float64), matches, matched)


def of_whole(first: Picture, second: Picture) -> Transform:
    """Return the best of the ways to turn and mirror a whole picture, or what is in its border, to cover the other."""
    ways = [(mirrored, turns) for mirrored in (False, True) for turns in range(4)]
    turned = [
        np.rot90(sketch[:, ::-1] if mirrored else sketch, turns)
        for sketch in second.sketches
        for mirrored, turns in ways
    ]
    alike = np.einsum("aij,bij->ab", first.sketches, np.array(turned))
    # Without a reason neither is turned, nor is a border left out.
    alike -= 1e-3 * np.arange(alike.size).reshape(alike.shape) / alike.size
    here, there = divmod(int(alike.argmax()), alike.shape[1])
    mirrored, turns = ways[there % len(ways)]
    here_frame, there_frame = first.frames[here], second.frames[there // len(ways)]
    if mirrored:
        width = second.pixels.shape[1]
        there_frame = (width - there_frame[2], there_frame[1], width - there_frame[0], there_frame[3])
    here_corners, there_corners = _corners(here_frame, first.unit), _corners(there_frame, second.unit)
    # Turned left, the upper left corner comes to the lower left, and so on.
    moved = [here_corners[(corner - turns) % 4] for corner in range(3)]
    return Transform(
        mirrored, np.asarray(cv2.getAffineTransform(np.array(there_corners[:3]), np.array(moved)), np.float64)
    )


def _corners(frame: Frame, unit: float) -> NDArray[np.float32]:
    """Return the corners of a frame, from the upper left to the right, (4, 2), in units."""
    left, top, right, bottom = frame
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32) / np.float32(unit)


def of_part(first: Picture, second: Picture) -> Transform | None:
    """Return the best way to lay one picture, or its mirror image, on a part of the other, None without a good one."""
    best, transform = _PART_LIKENESS, None
    for mirrored in (False, True):
        other = np.ascontiguousarray(second.grey[:, ::-1]) if mirrored else second.grey
        for swapped in (False, True):
            whole, part = (other, first.grey) if swapped else (first.grey, other)
            for likeness, matrix in _parts(whole, part):
                # Larger parts come first: of slopes of colour a smaller one fits as well.
                if likeness > best + _NEGLIGIBLE:
                    inverse = np.asarray(cv2.invertAffineTransform(matrix), np.float64)
                    best, transform = likeness, Transform(mirrored, inverse if swapped else matrix)
    return transform


def _parts(whole: Pixels, part: Pixels) -> list[tuple[float, Matrix]]:
    """Return the correlation of a part with the whole where it fits best, and the transform, for each size of it."""
    scale = _PART_SIDE / max(whole.shape)
    shape = max(1, round(whole.shape[1] * scale)), max(1, round(whole.shape[0] * scale))
    image = cv2.resize(whole, shape, interpolation=cv2.INTER_AREA)
    if image.std() < _LEAST_DEVIATION or part.std() < _LEAST_DEVIATION:
        return []
    found = []
    for size in _PART_SIZES:
        factor = size * _PART_SIDE / max(part.shape)
        sides = round(part.shape[1] * factor), round(part.shape[0] * factor)
        if min(sides) < 4 or sides[0] > image.shape[1] or sides[1] > image.shape[0]:
            continue
        template = cv2.resize(part, sides, interpolation=cv2.INTER_AREA)
        _, likeness, _, (left, top) = cv2.minMaxLoc(cv2.matchTemplate(image, template, cv2.TM_CCOEFF_NORMED))
        at = left / _PART_SIDE, top / _PART_SIDE
        found.append((float(likeness), np.array([[size, 0, at[0]], [0, size, at[1]]], np.float64)))
    return found


def refined(first: Picture, second: Picture, transform: Transform) -> Transform | None:
    """Return a transform near another under which the pictures correlate more (Evangelidis, ECC, 2008)."""
    here, there = (shrink(picture.grey.astype(np.uint8), _REFINING_SIDE) for picture in (first, second))
    if transform.mirrored:
        there = np.ascontiguousarray(there[:, ::-1])
    units = float(max(here.shape)), float(max(there.shape))
    start = cv2.invertAffineTransform(in_pixels(transform.matrix, *units)).astype(np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 15, 1e-3)
    try:
        _, inverse = cv2.findTransformECC(
            here, there, start, cv2.MOTION_AFFINE, criteria, np.full(here.shape, 255, np.uint8), 3
        )
    except cv2.error:  # it does not converge
        return None
    matrix = _in_units(np.asarray(cv2.invertAffineTransform(inverse), np.float64), *units)
    return Transform(transform.mirrored, matrix, transform.matches, transform.matched)


def in_pixels(matrix: Matrix, first: float, second: float) -> Matrix:
    """Return a transform of positions in units as one of the indices of pixels, whose centres are half a pixel off."""
    linear = matrix[:, :2] * (first / second)
    return np.column_stack((linear, matrix[:, 2] * first + linear @ (0.5, 0.5) - 0.5))


def _in_units(matrix: Matrix, first: float, second: float) -> Matrix:
    linear = matrix[:, :2]
    return np.column_stack((linear * (second / first), (matrix[:, 2] - linear @ (0.5, 0.5) + 0.5) / first))
