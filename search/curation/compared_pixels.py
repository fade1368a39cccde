"""Compare the pixels of a picture with those of another that is laid on it.

After the best linear change of colours it is told what share of the structure of either picture is in the other, and
what differs. Colours are changed both ways, to the other's and to its brightness: a flag's stripes can be painted red,
but one red cannot become stripes.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from search.curation.alignment import Matrix, Transform, in_pixels
from search.curation.prepared_picture import Picture, Pixels

#: The width in pixels of the windows in which structure is compared.
_WINDOW = 7

#: The variance of levels from which a window has structure, and the correlation below which little is in common.
_STRUCTURE = 25.0
_LITTLE = 0.6

#: Differences are told at this quantile, beside their mean.
_WORST = 0.99

#: Pixels from which the change of colours is computed.
_COLOURS = 800

#: With fewer pixels in common, or a smaller share of either picture, nothing is compared.
_LEAST_PIXELS, _LEAST_OVERLAP = 64, 0.05

_Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ComparedPixels:
    """What two pictures have in common where one lies on the other.

    `overlaps` are the shares of each picture that lie on the other, `agreement` the shares of each one's structure,
    there, that the other has, and `lost` the share of windows with structure of which the other has little.
    `differing` is the share of pixels whose colours differ after a linear change of colours, `residual` their root mean
    square difference in levels, `worst` their 99th percentile, and `colour` the mean difference before it, 0 to 1.
    """

    overlaps: tuple[float, float]
    agreement: tuple[float, float] = (0.0, 0.0)
    lost: float = 1.0
    differing: float = 1.0
    residual: float = 255.0
    worst: float = 255.0
    colour: float = 1.0


def compare(first: Picture, second: Picture, transform: Transform) -> ComparedPixels:
    """Return what the pictures have in common under a transform."""
    source = np.ascontiguousarray(second.pixels[:, ::-1]) if transform.mirrored else second.pixels
    height, width = first.pixels.shape[:2]
    to_first = in_pixels(transform.matrix, first.unit, second.unit)
    shrinkage = float(np.sqrt(abs(np.linalg.det(to_first[:, :2]))))
    if shrinkage < 1e-3:
        return ComparedPixels((0.0, 0.0))
    if shrinkage < 0.7:
        source = np.asarray(cv2.GaussianBlur(source, (0, 0), 0.5 * float(np.sqrt(1 / shrinkage**2 - 1))), np.float32)
    warped = cv2.warpAffine(source, to_first, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    laid = np.asarray(warped, np.float32)
    ones = np.ones(source.shape[:2], np.float32)
    valid = cv2.warpAffine(ones, to_first, (width, height), flags=cv2.INTER_LINEAR) > 0.99
    count = int(np.count_nonzero(valid))
    area = shrinkage**2 * source.shape[0] * source.shape[1]
    overlaps = (count / valid.size, min(1.0, count / area))
    if count < _LEAST_PIXELS or min(overlaps) < _LEAST_OVERLAP:
        return ComparedPixels(overlaps)
    here = first.pixels
    if shrinkage > 1.4:
        here = np.asarray(cv2.GaussianBlur(here, (0, 0), 0.5 * float(np.sqrt(shrinkage**2 - 1))), np.float32)
    grey_here, grey_laid = _grey(here), _grey(laid)
    error = np.maximum(
        _most(np.abs(cv2.blur(_recolour(laid, here, valid) - here, (3, 3)))),
        np.abs(cv2.blur(_recolour(here, grey_laid[..., None], valid)[..., 0] - grey_laid, (3, 3))),
    )[valid]
    return ComparedPixels(
        overlaps,
        *_agreement(grey_here, grey_laid, valid),
        float((error > 32).mean()),
        float(np.sqrt(np.square(error).mean())),
        float(np.quantile(error, _WORST)),
        float(cv2.absdiff(laid, here)[valid].mean() / 255),
    )


def _grey(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)


def _most(channels: Pixels) -> Pixels:
    """Return the largest of three channels; NumPy's reduction over a short axis takes ten times as long."""
    return np.maximum(np.maximum(channels[..., 0], channels[..., 1]), channels[..., 2])


def _recolour(laid: Pixels, here: Pixels, valid: _Mask) -> Pixels:
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


def _agreement(here: Pixels, there: Pixels, valid: _Mask) -> tuple[tuple[float, float], float]:
    """Return the share of each picture's structure that the other has, and the share of windows that have little.

    Windows correlate where they have the same structure; it is as much as they vary.
    """
    mask = valid.astype(np.float32)
    count = np.maximum(cv2.boxFilter(mask, -1, (_WINDOW, _WINDOW), normalize=False), 1)

    def mean(pixels: Pixels) -> Pixels:
        return np.asarray(cv2.boxFilter(pixels * mask, -1, (_WINDOW, _WINDOW), normalize=False) / count)

    mean_here, mean_there = mean(here), mean(there)
    var_here = np.maximum(mean(here * here) - mean_here**2, 0)
    var_there = np.maximum(mean(there * there) - mean_there**2, 0)
    covariance = mean(here * there) - mean_here * mean_there
    correlation = np.clip(covariance / np.sqrt((var_here + 4) * (var_there + 4)), -1, 1)
    inside = cv2.erode(mask, np.ones((3, 3), np.uint8)) > 0
    shares = []
    for variance in (var_here, var_there):
        weight = np.sqrt(variance)[inside] * (variance[inside] > 9)
        total = float(weight.sum())
        shares.append(float((weight * correlation[inside] ** 2).sum() / total) if total > 0 else 1.0)
    structured = (np.maximum(var_here, var_there) > _STRUCTURE) & inside
    lost = float((correlation[structured] < _LITTLE).mean()) if structured.any() else 0.0
    return (shares[0], shares[1]), lost
