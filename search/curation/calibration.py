"""Foretell how many copies are found, from copies of the store's own pictures of ten kinds, and check that on others.

A sample of the pictures is copied in ten ways and embedded as the store's items were. A copy is found if it would be a
candidate pair with its original and a second look calls it a copy. Half of the pictures make the forecast, the other
half are held back: what came true for them stands beside it.

Where only thumbnails are left, these are copied, and the change of their vectors is added to the items' vectors: this
misses changes that are too fine for a thumbnail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.images.images import Image
from search.curation.candidate_pairs import BEHIND, NEAREST, NEIGHBOURS, most_alike, surroundings, usual_distances
from search.curation.copy_confidence import Evidence
from search.curation.item_pictures import ItemPictures
from search.curation.perturbations import PERTURBATIONS
from search.curation.prepared_picture import prepared
from search.curation.second_look import look
from search.curation.sketches import Sketches, likeness, sketch
from search.errors import RadiusUnknown
from search.searcher import Searcher
from storage import Hit, Store

Distances = NDArray[np.float64]

#: Pictures that are copied, ten times each, and how many make a forecast worth telling.
_SAMPLE, _LEAST_SAMPLE = 12, 4
_SEED = 31


@dataclass(frozen=True)
class Calibration:
    """The shares of copies of each kind that are found: the `forecast` of half of `sample` pictures, and the other's.

    `with_file` counts the pictures whose files could be read. `expected_copies` of the pairs that are `called` copies
    in the store are some by their confidences; `left_out` counts the pairs that were too many to be compared.
    """

    sample: int
    with_file: int
    forecast: Mapping[str, float]
    came_true: Mapping[str, float]
    called: int = 0
    expected_copies: float = 0.0
    left_out: int = 0

    @property
    def forecast_share(self) -> float:
        """Return the share of all copies that the first half found."""
        return float(np.mean(list(self.forecast.values())))

    @property
    def came_true_share(self) -> float | None:
        """Return the share of the copies held back that were found, None if none were."""
        return float(np.mean(list(self.came_true.values()))) if self.came_true else None

    @property
    def precision(self) -> float | None:
        """Return the share of pairs called copies that are expected to be some, None without any."""
        return self.expected_copies / self.called if self.called else None

    def as_json(self) -> dict[str, Any]:
        """Return the calibration as JSON."""
        return {
            "sample": self.sample,
            "whole": self.with_file,
            "found": dict(self.forecast),
            "found_share": self.forecast_share,
            "held_back": dict(self.came_true),
            "held_back_share": self.came_true_share,
            "called_copies": self.called,
            "copies_share": self.precision,
            "pairs_left_out": self.left_out,
        }

    def sentence(self) -> str:
        """Say what is foretold, and what came true of it; with few pictures, that nothing is."""
        if self.sample < _LEAST_SAMPLE:
            return f"no forecast: expected {_LEAST_SAMPLE} pictures or more to copy, got {self.sample}"
        copies = self.sample * len(PERTURBATIONS)
        shrunk = self.sample - self.with_file
        sample = f"{self.sample:,} pictures" + (f" ({shrunk:,} as thumbnails)" if shrunk else "")
        parts = [f"forecast, from {copies:,} copies of {sample}: {self.forecast_share:.0%} of copies are found"]
        if self.came_true_share is not None:
            parts.append(f" ({self.came_true_share:.0%} of those held back were)")
        least = sorted(self.forecast.items(), key=lambda found: found[1])[:2]
        parts.append(", fewest " + " and ".join(f"{name} ({share:.0%})" for name, share in least))
        if self.precision is not None:
            parts.append(f"; {self.precision:.0%} of what is called a copy is one")
        return "".join(parts)


@dataclass(frozen=True)
class CopiedSample:
    """What is seen of copies of each kind of each half of `sample` pictures; None where it is no candidate pair."""

    sample: int
    with_file: int
    halves: Sequence[Mapping[str, Sequence[Evidence | None]]]

    def calibration(self, share: float, confidences: Sequence[float], left_out: int) -> Calibration:
        """Return which of the copies are found among pairs of which a share are copies.

        `confidences` are those of the pairs that are called copies in the store.
        """
        forecast, came_true = (
            {
                name: float(np.mean([evidence is not None and evidence.is_copy(share) for evidence in seen]))
                for name, seen in half.items()
                if seen
            }
            for half in self.halves
        )
        called, copies = len(confidences), float(sum(confidences))
        return Calibration(self.sample, self.with_file, forecast, came_true, called, copies, left_out)


def copied_sample(searcher: Searcher, pictures: ItemPictures) -> CopiedSample:
    """Return copies of some pictures; raise RadiusUnknown without any, or an error of `Searcher.embed`."""
    store = searcher.store
    ids = store.ids()
    drawn = np.random.RandomState(_SEED).permutation(ids)[: 2 * _SAMPLE].tolist()
    images = {id: image for id in drawn if (image := pictures.image(id)) is not None}
    images = dict(list(images.items())[:_SAMPLE])
    if not images:
        raise RadiusUnknown(
            f"expected pictures or thumbnails in {store.location} to compare, got {len(ids):,} items without any: "
            "give a radius with --radius"
        )
    copies = [perturb(image) for image in images.values() for perturb in PERTURBATIONS.values()]
    # Together: the network embeds as many at once as it can.
    embedded = searcher.embed([*images.values(), *copies]).astype(np.float64)
    changes = embedded[len(images) :].reshape(len(images), len(PERTURBATIONS), -1) - embedded[: len(images), None]
    usual_of_all = surroundings(store).usual_of_all if len(ids) > 1 else 1.0
    halves: list[dict[str, list[Evidence | None]]] = [{name: [] for name in PERTURBATIONS} for _ in range(2)]
    for number, (id, image) in enumerate(images.items()):
        here = copies[number * len(PERTURBATIONS) : (number + 1) * len(PERTURBATIONS)]
        for name, evidence in zip(
            PERTURBATIONS, _seen(searcher.store, id, image, here, changes[number], usual_of_all), strict=True
        ):
            halves[number % 2][name].append(evidence)
    return CopiedSample(len(images), sum(pictures.has_file(id) for id in images), halves)


def _seen(
    store: Store, id: int, image: Image, copies: Sequence[Image], changes: Distances, usual_of_all: float
) -> list[Evidence | None]:
    """Return what is seen of copies of an item's picture; `changes`, (n, dim), are those of its vector."""
    original = store.vectors([id])[0].astype(np.float64)
    vectors = original + changes
    own = [hit.distance for hit in store.nearest(original, NEIGHBOURS, exclude=[[id]])[0]]
    others = store.nearest(vectors, BEHIND, exclude=[[id]] * len(vectors))
    seen_first = prepared(image)
    seen: list[Evidence | None] = []
    for vector, copy, hits in zip(vectors, copies, others, strict=True):
        distance = float(np.linalg.norm(vector - original))
        around = [hit.distance for hit in hits]
        # As if the copy were in the store: then its original is among its neighbours.
        usual = [usual_distances(_filled(np.sort([*distances, distance]))[None]) for distances in (own, around)]
        ratio = distance / float(np.sqrt(np.prod(usual)))
        sparsity = float(np.sqrt(np.prod(usual))) / usual_of_all
        near = min(np.count_nonzero(np.array(distances) < distance) for distances in (own, around)) < NEAREST
        is_candidate = near or _is_alike(store, image, copy, distance, hits)
        seen.append(Evidence(look(seen_first, prepared(copy)), ratio, sparsity) if is_candidate else None)
    return seen


def _is_alike(store: Store, image: Image, copy: Image, distance: float, hits: Sequence[Hit]) -> bool:
    """Return whether a picture, not among the nearest of a copy, would be a candidate for its sketch."""
    behind = [hit.id for hit in hits if hit.distance < distance][NEAREST:]
    if len(behind) + NEAREST >= BEHIND:
        return False
    picture = sketch(copy)
    alike = np.append(Sketches(store, behind).likeness_to(picture, behind), likeness(picture, sketch(image)[None]))
    return len(behind) in most_alike(alike)


def _filled(distances: Distances) -> Distances:
    """Return at least two distances, where a store has fewer other items."""
    return distances if len(distances) >= 2 else np.full(2, distances[0] if len(distances) else 1.0)
