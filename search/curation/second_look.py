"""Compare the pictures of a pair: how one is laid on the other, and what then still differs.

Local features lay a picture on another that is turned, scaled, cropped or bordered, and on its mirror image. Where
there are few, as on digits, the eight ways to turn and mirror a whole picture are tried, and whether one is a part of
the other. Then pixels decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from search.curation.alignment import Transform, by_features, of_part, of_whole, refined
from search.curation.compared_pixels import ComparedPixels, compare
from search.curation.prepared_picture import Picture

#: With more matches than this a transform is certain, and with more agreement no other can be much better.
_MANY_MATCHES = 20
_MUCH_AGREEMENT = 0.9

#: Transforms are tried from the surest to the freest: a freer one must agree by more than this more.
_NEGLIGIBLE = 0.02

#: With less agreement a transform is none that could be refined.
_LITTLE_AGREEMENT = 0.3


@dataclass(frozen=True)
class Look:
    """What a comparison saw: the transform under which the pictures agree most, and what is in common then.

    `features` is how many local features each picture has.
    """

    transform: Transform
    pixels: ComparedPixels
    features: tuple[int, int] = (0, 0)

    @property
    def degrees(self) -> float:
        """Return by how much the second picture is turned on the first, -180 to 180."""
        matrix = self.transform.matrix
        return float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))

    @property
    def score(self) -> float:
        """Return how much the pictures agree, 0 to 1; less if one is a small part of the other."""
        return sum(self.pixels.agreement) / 2 * min(1.0, 2 * min(self.pixels.overlaps))


def look(first: Picture, second: Picture) -> Look:
    """Return the comparison of two pictures by the transform under which they agree most."""
    features = len(first.features[0].points), len(second.features[0].points)
    matched = by_features(first, second)

    def seen(transform: Transform) -> Look:
        if matched is not None:
            # How many features fit is evidence even where another transform is the better one.
            transform = replace(transform, matches=matched.matches, matched=matched.matched)
        return Look(transform, compare(first, second, transform), features)

    looks = [] if matched is None else [seen(matched)]
    if matched is not None and matched.matches >= _MANY_MATCHES:
        return looks[0]
    for find in (of_whole, of_part):
        if max((tried.score for tried in looks), default=0.0) < _MUCH_AGREEMENT:
            transform = find(first, second)
            looks += [] if transform is None else [seen(transform)]
    best = _best(looks)
    if _LITTLE_AGREEMENT < best.score < _MUCH_AGREEMENT:
        closer = refined(first, second, best.transform)
        if closer is not None:
            best = _best([best, seen(closer)])
    return best


def _best(looks: Sequence[Look]) -> Look:
    """Return the first of the looks than which none agrees much more."""
    most = max(tried.score for tried in looks)
    return next(tried for tried in looks if tried.score >= most - _NEGLIGIBLE)
