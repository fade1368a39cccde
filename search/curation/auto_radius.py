"""Choose the radius for duplicates from how far perturbed copies of a store's own images lie from their originals.

A sample of the store's images is perturbed (re-encoded, resized, slightly cropped) and embedded as the store's items
were. An item within the radius of a copy is its original or a false match. The radius is the largest, up to the
distance of the farthest copy, at which at most one in a hundred matches is false.

The store holds thumbnails only. If a thumbnail is the full image, the copy's vector is computed exactly. Otherwise the
thumbnail is perturbed, and the change of its vector is added to the item's vector; this misses changes that are too
fine for a thumbnail.

Duplicates that the store already holds are not false matches. Distances of vectors cannot identify them, since the
limit of these is what is being chosen, so pixels are compared: an item whose pixels differ from the original's by no
more than those of the original's copies is a duplicate, and counts as neither a true nor a false match.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.images.images import Image
from search.curation.perturbations import PERTURBATIONS
from search.curation.pixel_difference import comparable, pixel_difference
from search.errors import RadiusUnknown
from search.searcher import Searcher
from search.thumbnail_image import thumbnail_image
from storage import Store

Distances = NDArray[np.float64]

MAX_FALSE_MATCH_SHARE = 0.01

_SAMPLE_SIZE = 512
_SEED = 31

#: Nearest items examined for each copy.
_K = 50

#: Significant digits to which the radius is rounded up, so that the printed value can be passed as --radius.
_DIGITS = 4


@dataclass(frozen=True)
class AutoRadius:
    """A radius, and what it matches.

    `full_size` counts the images of the sample that are no larger than a thumbnail. `recall` is the share of the copies
    within the radius, by perturbation; `false_match_share` the share of all matches that are false. `duplicates` counts
    the pairs of an original and another item that are duplicates by their pixels.
    """

    radius: float
    sample_size: int
    full_size: int
    recall: Mapping[str, float]
    false_matches: int
    false_match_share: float
    duplicates: int

    def as_json(self) -> dict[str, Any]:
        """Return the radius and what it matches as JSON."""
        return {
            "radius": self.radius,
            "sample": self.sample_size,
            "whole": self.full_size,
            "found": dict(self.recall),
            "strangers": self.false_matches,
            "strangers_share": self.false_match_share,
            "alike": self.duplicates,
        }

    def sentence(self) -> str:
        """Say how the radius was chosen and what it matches."""
        recall = ", ".join(f"{share:.0%} of the {name}" for name, share in self.recall.items())
        shrunk = self.sample_size - self.full_size
        sample = f"{self.sample_size:,} sampled images" + (f" ({shrunk:,} as thumbnails)" if shrunk else "")
        return (
            f"radius {self.radius:.{_DIGITS}g}, from perturbed copies of {sample}: it finds {recall}, with "
            f"{self.false_matches:,} false matches ({self.false_match_share:.1%} of all matches)"
        )


def find_auto_radius(searcher: Searcher) -> AutoRadius:
    """Return the largest radius that finds perturbed copies of a sample of the images with few false matches.

    Raise RadiusUnknown when the store has no thumbnails, or false matches are as near as copies; and the errors of
    `Searcher.embed`.
    """
    store = searcher.store
    sample = _sample(store)
    ids, images = list(sample), list(sample.values())
    originals, embedded = store.vectors(ids), searcher.embed(images)
    copies = {name: [perturb(image) for image in images] for name, perturb in PERTURBATIONS.items()}
    vectors = {name: originals + (searcher.embed(perturbed) - embedded) for name, perturbed in copies.items()}
    distances = {name: np.linalg.norm(copy.astype(np.float64) - originals, axis=1) for name, copy in vectors.items()}
    farthest = max(float(to_original.max()) for to_original in distances.values())
    other_matches = [
        (row, hit)
        for copy in vectors.values()
        for row, hits in enumerate(store.nearest(copy, _K, exclude=[[id] for id in ids]))
        for hit in hits
        if hit.distance <= farthest
    ]
    duplicates = _duplicates_by_pixels(store, images, copies, {(row, hit.id) for row, hit in other_matches})
    true_distances = np.sort(np.concatenate(list(distances.values())))
    false_distances = np.sort([hit.distance for row, hit in other_matches if (row, hit.id) not in duplicates])
    radius, true_matches, false_matches = _largest_radius(true_distances, false_distances)
    items = zip(store.items(ids), images, strict=True)
    return AutoRadius(
        radius,
        len(ids),
        sum((item.metadata.get("height"), item.metadata.get("width")) == image.shape[:2] for item, image in items),
        {name: float((to_original <= radius).mean()) for name, to_original in distances.items()},
        false_matches,
        false_matches / (true_matches + false_matches),
        len(duplicates),
    )


def _sample(store: Store) -> dict[int, Image]:
    """Return random thumbnails by item id, the same for the same store; raise RadiusUnknown when there are none."""
    ids = store.ids()
    drawn = np.random.RandomState(_SEED).permutation(ids)[:_SAMPLE_SIZE].tolist()
    images = _images(store, drawn)
    if not images:
        raise RadiusUnknown(
            f"expected thumbnails in {store.location} to choose a radius from, got {len(ids):,} items without any: "
            "give a radius with --radius"
        )
    return images


def _images(store: Store, ids: Sequence[int]) -> dict[int, Image]:
    """Return the pixels of items' thumbnails by id, ascending, without those that have none."""
    images = {id: thumbnail_image(png) for id, png in sorted(store.thumbnails(ids).items())}
    return {id: image for id, image in images.items() if image is not None}


def _duplicates_by_pixels(
    store: Store, images: Sequence[Image], copies: Mapping[str, Sequence[Image]], pairs: Set[tuple[int, int]]
) -> set[tuple[int, int]]:
    """Return the pairs (row of an original, id of an item) whose pixels differ no more than those of its copies."""
    if not pairs:
        return set()
    items = {id: comparable(image) for id, image in _images(store, sorted({id for _, id in pairs})).items()}
    duplicates = set()
    for row in sorted({row for row, _ in pairs}):
        original = comparable(images[row])
        limit = max(pixel_difference(original, comparable(perturbed[row])) for perturbed in copies.values())
        ids = {id for pair_row, id in pairs if pair_row == row} & items.keys()
        duplicates |= {(row, id) for id in ids if pixel_difference(original, items[id]) <= limit}
    return duplicates


def _largest_radius(true_distances: Distances, false_distances: Distances) -> tuple[float, int, int]:
    """Return the largest radius with few enough false matches, and the numbers of true and of false matches in it.

    Both arrays are sorted distances from copies: to their originals, and to other items.
    """
    rounding = Context(prec=_DIGITS, rounding=ROUND_CEILING)
    radii = {float(rounding.create_decimal_from_float(distance)) for distance in true_distances.tolist()}
    for radius in sorted(radii, reverse=True):
        true_matches = int(np.searchsorted(true_distances, radius, "right"))
        false_matches = int(np.searchsorted(false_distances, radius, "right"))
        if true_matches and false_matches <= MAX_FALSE_MATCH_SHARE * (true_matches + false_matches):
            return radius, true_matches, false_matches
    raise RadiusUnknown(
        "expected perturbed copies of the store's images nearer to them than other items, "
        f"got {len(false_distances):,} items as near as {len(true_distances):,} copies: give a radius with --radius"
    )
