"""How near copies lie: the radius at which re-encoded, resized and slightly cropped pictures are found again.

A sample of the store's own pictures is copied, and the copies are embedded as the store's items were. What lies within
a radius of a copy is its original, or a stranger. The radius is the largest, up to the farthest copy, at which at most
one in a hundred of all that is found are strangers.

The store keeps thumbnails. Where one is the whole picture, so is its copy. Of a larger picture the thumbnail is copied,
and the item's own vector moved as the thumbnail's vector moved: what is too fine for a thumbnail is not seen.

A store that this is asked of holds copies already, and those are no strangers. What tells them must be another witness
than the vectors: an item that differs from the original, pixel by pixel, no more than the original's own copies do is
counted as neither.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from decimal import ROUND_CEILING, Context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.images.images import Image, decode
from search.curation.perturbations import KINDS
from search.curation.pixel_difference import difference, pixels_of
from search.errors import RadiusUnknown
from search.searcher import Searcher
from storage import Store

Distances = NDArray[np.float64]

#: Of all that is found, how much may be strangers.
STRANGERS = 0.01

_SAMPLE = 512
_SEED = 31

#: How many items nearest to a copy are looked at.
_NEAREST = 50

#: A radius is rounded up to so many digits, so that it can be given again as it is shown.
_DIGITS = 4


@dataclass(frozen=True)
class CopyRadius:
    """A radius, and what was found within it.

    Of `sample` pictures, `whole` were whole in their thumbnails. `found` is the share of the copies found, by kind.
    Strangers are `strangers`, a share of `strangers_share` of all that was found. `alike` pairs of an original and
    another item were taken for copies by their pixels.
    """

    radius: float
    sample: int
    whole: int
    found: Mapping[str, float]
    strangers: int
    strangers_share: float
    alike: int

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    def sentence(self) -> str:
        """Tell how the radius was found."""
        found = ", ".join(f"{share:.0%} of the {kind}" for kind, share in self.found.items())
        shrunk = self.sample - self.whole
        of = f"{self.sample:,} sampled pictures" + (f" ({shrunk:,} as thumbnails)" if shrunk else "")
        return (
            f"radius {self.radius:.{_DIGITS}g}, from copies of {of}: it finds {found}, and {self.strangers:,} "
            f"strangers ({self.strangers_share:.1%} of all found)"
        )


def radius_of_copies(searcher: Searcher) -> CopyRadius:
    """Return the radius at which copies of a sample of a store's pictures are found, with few strangers.

    Raise RadiusUnknown when the store has no pictures, or strangers are as near as copies; and what embedding raises.
    """
    store = searcher.store
    sample = _sample(store)
    ids, images = list(sample), list(sample.values())
    own, plain = store.vectors(ids), searcher.embed(images)
    copies = {kind: [copied(image) for image in images] for kind, copied in KINDS.items()}
    moved = {kind: own + (searcher.embed(made) - plain) for kind, made in copies.items()}
    away = {kind: np.linalg.norm(vectors.astype(np.float64) - own, axis=1) for kind, vectors in moved.items()}
    farthest = max(float(distances.max()) for distances in away.values())
    others = [
        (row, hit)
        for vectors in moved.values()
        for row, hits in enumerate(store.nearest(vectors, _NEAREST, exclude=[[id] for id in ids]))
        for hit in hits
        if hit.distance <= farthest
    ]
    alike = _alike(store, images, copies, {(row, hit.id) for row, hit in others})
    strangers = np.sort(np.array([hit.distance for row, hit in others if (row, hit.id) not in alike]))
    radius, found, strange = _largest_radius(np.sort(np.concatenate(list(away.values()))), strangers)
    items = zip(store.items(ids), images, strict=True)
    return CopyRadius(
        radius,
        len(ids),
        sum((item.metadata.get("height"), item.metadata.get("width")) == image.shape[:2] for item, image in items),
        {kind: float((distances <= radius).mean()) for kind, distances in away.items()},
        strange,
        strange / (found + strange),
        len(alike),
    )


def _sample(store: Store) -> dict[int, Image]:
    """Return the thumbnails of some items, drawn at random, by id; the same for the same store."""
    ids, _ = store.all_vectors()
    drawn = np.random.RandomState(_SEED).permutation(ids)[:_SAMPLE].tolist()
    found = {id: decode(png, "a thumbnail") for id, png in sorted(store.thumbnails(drawn).items())}
    if not found:
        raise RadiusUnknown(
            f"expected pictures in {store.folder} to find a radius with, got {len(ids)} items without: "
            "give one with --radius"
        )
    return found


def _alike(
    store: Store, images: Sequence[Image], copies: Mapping[str, Sequence[Image]], pairs: Set[tuple[int, int]]
) -> set[tuple[int, int]]:
    """Return those pairs of an original, by its place, and an item, by id, whose pixels show a copy."""
    if not pairs:
        return set()
    thumbnails = store.thumbnails(sorted({id for _, id in pairs}))
    pixels = {id: pixels_of(decode(png, "a thumbnail")) for id, png in thumbnails.items()}
    alike = set()
    for row in sorted({row for row, _ in pairs}):
        original = pixels_of(images[row])
        most = max(difference(original, pixels_of(made[row])) for made in copies.values())
        mine = {id for place, id in pairs if place == row} & pixels.keys()
        alike |= {(row, id) for id in mine if difference(original, pixels[id]) <= most}
    return alike


def _largest_radius(copies: Distances, strangers: Distances) -> tuple[float, int, int]:
    """Return the largest radius with few enough strangers, and how many copies and strangers it finds.

    Both are sorted distances from copies: to their originals, and to strangers.
    """
    rounding = Context(prec=_DIGITS, rounding=ROUND_CEILING)
    for radius in sorted({float(rounding.create_decimal_from_float(far)) for far in copies.tolist()}, reverse=True):
        found, strange = (int(np.searchsorted(some, radius, "right")) for some in (copies, strangers))
        if found and strange <= STRANGERS * (found + strange):
            return radius, found, strange
    raise RadiusUnknown(
        f"expected copies of the store's pictures nearer to them than others, got {len(strangers)} others as near as "
        f"{len(copies)} copies: give a radius with --radius"
    )
