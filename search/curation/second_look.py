"""Compare the pictures of a pair: how one is laid on the other, and what then still differs.

Local features (SIFT, Lowe 2004) whose positions fit one similarity transform (RANSAC) lay a picture on another that is
turned, scaled, cropped or bordered, and on its mirror image. Where there are few features, as on digits, the eight ways
to turn and mirror a whole picture are tried. Then pixels decide: after the best linear change of colours, what share of
the structure of either picture is in the other, and what differs. Colours are changed both ways, to the other's and to
its brightness: a flag's stripes can be painted red, but one red cannot become stripes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.images.images import Image, shrink

#: Pixels of the longer side for features, and for the comparison of pixels: that of a thumbnail.
FEATURE_SIDE = 256
_SIDE = 96

#: A smaller picture is enlarged to this side before features are looked for.
_SMALL_SIDE = 160

_FEATURES = 256

#: SIFT's usual contrast, and that for pictures which then have next to no features, such as soft slopes of colour.
_CONTRAST, _LOW_CONTRAST = 0.04, 0.01

#: Lowe's ratio test, and the distance up to which a match fits a transform, in units of the longer side.
_RATIO = 0.8
_FIT = 0.0125

#: Fewer matches than this fit a transform by chance.
_MIN_MATCHES = 4

#: The width in pixels of the windows in which structure is compared.
_WINDOW = 7

#: The side of the pictures by which the ways to turn and mirror a whole one are compared.
_SMALL = 32

#: The side at which a transform is refined.
_REFINING_SIDE = 48

#: Pixels from which the change of colours is computed.
_COLOURS = 800

#: Levels up to which a pixel at a picture's edge belongs to a border of one colour.
_BORDER_LEVELS = 12

#: With more matches than this a transform is certain, and with more agreement no other can be much better.
_MANY_MATCHES = 20
_MUCH_AGREEMENT = 0.9

Matrix = NDArray[np.float64]
Pixels = NDArray[np.float32]
Frame = tuple[int, int, int, int]


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
    bottom in pixels; `small`, (2, 32, 32) float32, are these in grey, of mean 0 and length 1.
    """

    pixels: Pixels
    grey: Pixels
    features: tuple[Features, Features]
    frames: tuple[Frame, Frame]
    small: Pixels

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
    features = (_features(grey), _features(np.ascontiguousarray(grey[:, ::-1])))
    pixels = shrink(rgb, _SIDE)
    grey_pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    frames = (0, 0, pixels.shape[1], pixels.shape[0]), _content(pixels)
    small = np.array([_normalised(grey_pixels, frame) for frame in frames])
    return Picture(pixels.astype(np.float32), grey_pixels, features, frames, small)


def _content(pixels: Image) -> Frame:
    """Return the part of a picture within a border of one colour, all of it if nothing else is there."""
    height, width = pixels.shape[:2]
    differs = np.abs(pixels.astype(np.int16) - pixels[0, 0].astype(np.int16)).max(axis=2) > _BORDER_LEVELS
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if not len(rows) or len(rows) < height // 8 or len(columns) < width // 8:
        return 0, 0, width, height
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _features(grey: Image) -> Features:
    keypoints, descriptors = _detected(grey, _CONTRAST)
    if len(keypoints) < _MIN_MATCHES:
        keypoints, descriptors = _detected(grey, _LOW_CONTRAST)
    if descriptors is None or not len(keypoints):
        return Features(np.empty((0, 2), np.float32), np.empty((0, 128), np.float32))
    points = np.array([keypoint.pt for keypoint in keypoints], np.float32) + np.float32(0.5)
    return Features(points / np.float32(max(grey.shape)), np.asarray(descriptors, np.float32))


def _detected(grey: Image, contrast: float) -> tuple[Sequence[cv2.KeyPoint], Any]:
    """Return the features of a picture with at least a contrast, and their descriptors, None without any."""
    sift = cv2.SIFT.create(nfeatures=_FEATURES, contrastThreshold=contrast)
    return sift.detectAndCompute(grey, None)


@dataclass(frozen=True)
class Look:
    """What a comparison saw.

    `matches` is the number of features that fit the transform, and `matched` its share of the features that could.
    `matrix` (2, 3) takes positions in the second picture, in units of its longer side, to the first. `overlaps` are the
    shares of each picture that lie on the other, `agreement` the shares of each one's structure, there, that the
    other has. `differing` is the share of pixels whose colours differ after a linear change of colours.
    """

    mirrored: bool
    matrix: Matrix
    matches: int
    matched: float
    overlaps: tuple[float, float]
    agreement: tuple[float, float]
    differing: float
    residual: float
    colour: float
    features: int = 0

    @property
    def degrees(self) -> float:
        """Return by how much the second picture is turned on the first, -180 to 180."""
        return float(np.degrees(np.arctan2(self.matrix[1, 0], self.matrix[0, 0])))


def look(first: Picture, second: Picture) -> Look:
    """Return the comparison of two pictures by the transform under which they agree most."""
    features = min(len(picture.features[0].points) for picture in (first, second))
    return replace(_best_look(first, second), features=features)


def _best_look(first: Picture, second: Picture) -> Look:
    found = [
        (mirrored, *transform)
        for mirrored in (False, True)
        if (transform := _by_features(first.features[0], second.features[mirrored])) is not None
    ]
    best = None
    if found:
        best = _compare(first, second, *max(found, key=lambda transform: transform[2]))
        if best.matches >= _MANY_MATCHES or _score(best) >= _MUCH_AGREEMENT:
            return best
    whole = _compare(first, second, *_whole(first, second), best.matches if best else 0, best.matched if best else 0.0)
    best = whole if best is None else max(best, whole, key=_score)
    if 0.3 < _score(best) < _MUCH_AGREEMENT:
        refined = _refined(first, second, best)
        if refined is not None:
            best = max(best, _compare(first, second, best.mirrored, refined, best.matches, best.matched), key=_score)
    return best


def _score(seen: "Look") -> float:
    return sum(seen.agreement) / 2 * min(1.0, 2 * min(seen.overlaps))


def _by_features(first: Features, second: Features) -> tuple[Matrix, int, float] | None:
    """Return the transform that most matches of features fit, how many they are, and their share of all features."""
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
    return np.asarray(matrix, np.float64), matches, matches / min(len(first.points), len(second.points))


def _whole(first: Picture, second: Picture) -> tuple[bool, Matrix]:
    """Return the best of the ways to turn and mirror a whole picture, or what is in its border, to cover the other."""
    ways = [(mirrored, turns) for mirrored in (False, True) for turns in range(4)]
    turned = [
        np.rot90(small[:, ::-1] if mirrored else small, turns) for small in second.small for mirrored, turns in ways
    ]
    alike = np.einsum("aij,bij->ab", first.small, np.array(turned))
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
    return mirrored, np.asarray(cv2.getAffineTransform(np.array(there_corners[:3]), np.array(moved)), np.float64)


def _corners(frame: Frame, unit: float) -> NDArray[np.float32]:
    """Return the corners of a frame, from the upper left to the right, (4, 2), in units."""
    left, top, right, bottom = frame
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32) / np.float32(unit)


def _normalised(grey: Pixels, frame: Frame) -> Pixels:
    left, top, right, bottom = frame
    small = cv2.resize(grey[top:bottom, left:right], (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)
    centred = small - small.mean()
    return np.asarray(centred / max(1e-3, float(np.linalg.norm(centred))), np.float32)


def _refined(first: Picture, second: Picture, seen: "Look") -> Matrix | None:
    """Return a transform near the one seen under which the pictures correlate more (Evangelidis, ECC, 2008)."""
    here, there = (shrink(picture.grey.astype(np.uint8), _REFINING_SIDE) for picture in (first, second))
    if seen.mirrored:
        there = np.ascontiguousarray(there[:, ::-1])
    units = float(max(here.shape)), float(max(there.shape))
    start = cv2.invertAffineTransform(_in_pixels(seen.matrix, *units)).astype(np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 15, 1e-3)
    try:
        _, inverse = cv2.findTransformECC(
            here, there, start, cv2.MOTION_AFFINE, criteria, np.full(here.shape, 255, np.uint8), 3
        )
    except cv2.error:  # it does not converge
        return None
    return _in_units(np.asarray(cv2.invertAffineTransform(inverse), np.float64), *units)


def _in_pixels(matrix: Matrix, first: float, second: float) -> Matrix:
    """Return a transform of positions in units as one of the indices of pixels, whose centres are half a pixel off."""
    linear = matrix[:, :2] * (first / second)
    return np.column_stack((linear, matrix[:, 2] * first + linear @ (0.5, 0.5) - 0.5))


def _in_units(matrix: Matrix, first: float, second: float) -> Matrix:
    linear = matrix[:, :2]
    return np.column_stack((linear * (second / first), (matrix[:, 2] - linear @ (0.5, 0.5) + 0.5) / first))


def _compare(first: Picture, second: Picture, mirrored: bool, matrix: Matrix, matches: int, matched: float) -> Look:
    source = np.ascontiguousarray(second.pixels[:, ::-1]) if mirrored else second.pixels
    height, width = first.pixels.shape[:2]
    to_first = _in_pixels(matrix, first.unit, second.unit)
    if abs(np.linalg.det(to_first[:, :2])) < 1e-6:
        return Look(mirrored, matrix, matches, matched, (0.0, 0.0), (0.0, 0.0), 1.0, 255.0, 1.0)
    shrinkage = float(np.sqrt(abs(np.linalg.det(to_first[:, :2]))))
    if shrinkage < 0.7:
        source = np.asarray(cv2.GaussianBlur(source, (0, 0), 0.5 * float(np.sqrt(1 / shrinkage**2 - 1))), np.float32)
    warped = cv2.warpAffine(source, to_first, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    laid = np.asarray(warped, np.float32)
    ones = np.ones(source.shape[:2], np.float32)
    valid = cv2.warpAffine(ones, to_first, (width, height), flags=cv2.INTER_LINEAR) > 0.99
    count = int(np.count_nonzero(valid))
    area = shrinkage**2 * source.shape[0] * source.shape[1]
    overlaps = (count / valid.size, min(1.0, count / area))
    if count < 64 or min(overlaps) < 0.05:
        return Look(mirrored, matrix, matches, matched, overlaps, (0.0, 0.0), 1.0, 255.0, 1.0)
    here = first.pixels
    if shrinkage > 1.4:
        here = np.asarray(cv2.GaussianBlur(here, (0, 0), 0.5 * float(np.sqrt(shrinkage**2 - 1))), np.float32)
    grey_here, grey_laid = _grey(here), _grey(laid)
    error = np.maximum(
        _most(np.abs(cv2.blur(_recolour(laid, here, valid) - here, (3, 3)))),
        np.abs(cv2.blur(_recolour(here, grey_laid[..., None], valid)[..., 0] - grey_laid, (3, 3))),
    )
    plain = cv2.absdiff(laid, here)[valid].mean()
    agreement = _agreement(grey_here, grey_laid, valid)
    return Look(
        mirrored,
        matrix,
        matches,
        matched,
        overlaps,
        agreement,
        float((error[valid] > 32).mean()),
        float(np.sqrt(np.square(error[valid]).mean())),
        float(plain / 255),
    )


def _grey(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)


def _most(channels: Pixels) -> Pixels:
    """Return the largest of three channels; NumPy's reduction over a short axis takes ten times as long."""
    return np.maximum(np.maximum(channels[..., 0], channels[..., 1]), channels[..., 2])


def _recolour(laid: Pixels, here: Pixels, valid: NDArray[np.bool_]) -> Pixels:
    """Return a picture after the linear change of colours that brings most of its pixels nearest to another's.

    The other, (h, w, 3) or (h, w, 1), has colours or brightness only.
    """
    inputs = np.concatenate((laid, np.full((*laid.shape[:2], 1), 255, np.float32)), axis=2)
    step = max(1, int(np.count_nonzero(valid)) // _COLOURS)
    x, y = inputs[valid][::step].astype(np.float64), here[valid][::step].astype(np.float64)
    weights = np.ones(len(x))
    # Pulled towards no change, since flat pictures leave the change open.
    pull = 1e-3 * len(x) * 255**2 / 3
    none: Matrix = np.eye(4, 3) if here.shape[2] == 3 else np.array([[0.299], [0.587], [0.114], [0.0]])
    solution: Matrix = none
    for _ in range(4):
        weighted = x * weights[:, None]
        solution = np.asarray(
            np.linalg.solve(x.T @ weighted + pull * np.eye(4), weighted.T @ y + pull * none), np.float64
        )
        error = np.abs(x @ solution - y).max(axis=1)
        weights = 1 / (1 + np.square(error / 24))
    return np.asarray(np.clip(inputs @ solution.astype(np.float32), 0, 255), np.float32)


def _agreement(here: Pixels, there: Pixels, valid: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the share of each picture's structure that the other has: where windows correlate, by their variance."""
    mask = valid.astype(np.float32)
    count = np.maximum(cv2.boxFilter(mask, -1, (_WINDOW, _WINDOW), normalize=False), 1)

    def mean(pixels: Pixels) -> Pixels:
        return np.asarray(cv2.boxFilter(pixels * mask, -1, (_WINDOW, _WINDOW), normalize=False) / count)

    mean_here, mean_there = mean(here), mean(there)
    var_here = np.maximum(mean(here * here) - mean_here**2, 0)
    var_there = np.maximum(mean(there * there) - mean_there**2, 0)
    covariance = mean(here * there) - mean_here * mean_there
    correlation = np.clip(np.abs(covariance) / np.sqrt((var_here + 4) * (var_there + 4)), 0, 1)
    inside = cv2.erode(mask, np.ones((3, 3), np.uint8)) > 0
    shares = []
    for variance in (var_here, var_there):
        weight = np.sqrt(variance)[inside] * (variance[inside] > 9)
        total = float(weight.sum())
        shares.append(float((weight * correlation[inside] ** 2).sum() / total) if total > 0 else 1.0)
    return shares[0], shares[1]
