"""From decoded images to vectors: recipe, backbone and head as one."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import cv2
import numpy as np

from ingest.embedding.features import features_ahead, features_of, network_input
from ingest.embedding.heads import Head, fit_head, restore_head
from ingest.embedding.network.backbone import Backbone, CachingBackbone, Floats
from ingest.embedding.recipes import Recipe, recipe_of
from ingest.embedding.recipes.vgg16_limits import require_dim
from ingest.errors import EmbeddingDrift, SourceUnusable
from ingest.images.decoding import DECODER
from ingest.images.images import Image
from storage import Embedding

#: How far, relative to their length, the canaries' vectors may lie from the store's. Rounding in another precision or
#: on another processor moves those of most recipes by a third of a percent, and whitened ones by a little more than
#: one; other weights are far beyond.
DRIFT_BOUND = 0.02

#: Less than this comes of the order of additions alone, and nobody need hear of it.
TOLD_DRIFT = 0.0001

_HEAD = "head."
_CANARIES = "canaries"


class Embedder:
    """Computes vectors in one way only, and can tell that way from every other.

    `drift` is how far this machine's vectors lie from those of the store it was made from, relative to their
    length; None when it was made from images.
    """

    def __init__(self, recipe: Recipe, backbone: Backbone, head: Head, fitted_on: int) -> None:
        self.recipe = recipe
        self.drift: float | None = None
        self._backbone = backbone
        self._head = head
        self._fitted_on = fitted_on

    @classmethod
    def fit(
        cls,
        recipe: Recipe,
        backbone: Backbone,
        images: Iterable[Image],
        on_done: Callable[[int], None] = lambda _: None,
    ) -> "Embedder":
        """Make an embedder whose head is fitted on the given images, at least one.

        The images are walked once, and let go of as soon as they are shrunk; `on_done` hears how many are done.
        Raise SourceUnusable when there is none, RecipeUnusable after the first batches.
        """
        features: list[Floats] = []
        inputs = (network_input(recipe, image) for image in images)
        for batch in features_ahead(recipe, backbone, inputs):
            require_dim(recipe, batch.shape[1])
            features.extend(batch)
            on_done(len(features))
        if not features:
            raise SourceUnusable("expected at least one image to fit a head on, got none")
        return cls(recipe, backbone, fit_head(recipe, np.array(features)), fitted_on=len(features))

    @classmethod
    def restore(cls, embedding: Embedding, backbone: Backbone) -> "Embedder":
        """Make the embedder of a store again.

        Raise OtherEmbedding when the weights are others, EmbeddingDrift when the canary images come out elsewhere.
        """
        recipe = recipe_of(embedding)
        arrays = {name.removeprefix(_HEAD): array for name, array in embedding.arrays.items() if name.startswith(_HEAD)}
        embedder = cls(recipe, backbone, restore_head(recipe, arrays), int(embedding.spec["fitted_on"]))
        embedding.require_same(embedder._described(canaries={}))
        embedder.drift = embedder._checked_drift(embedding.arrays[_CANARIES])
        return embedder

    @property
    def batch_size(self) -> int:
        """Return how many images are computed together; so many at once leave no place in a batch empty."""
        return self._backbone.batch_size

    def remembers(self, input: Floats) -> bool:
        """Tell whether the vector of what `network_input` made needs no network any more."""
        return isinstance(self._backbone, CachingBackbone) and self._backbone.knows(input)

    @property
    def dim(self) -> int:
        """Return the number of dimensions of the vectors."""
        return self.recipe.dim

    def embed(self, images: Iterable[Image]) -> Floats:
        """Return the vectors of images, (n, dim) float32; an image's bits do not depend on the others."""
        return self.embed_inputs(network_input(self.recipe, image) for image in images)

    def embed_inputs(self, inputs: Iterable[Floats]) -> Floats:
        """Return the vectors, (n, dim) float32, of what `network_input` made of images."""
        batches = [self._head(features) for features in features_of(self.recipe, self._backbone, inputs)]
        return np.concatenate(batches) if batches else np.empty((0, self.dim), np.float32)

    def embedding(self) -> Embedding:
        """Return what a store must remember of this way of embedding."""
        return self._described({_CANARIES: self.embed(_canary_images())})

    def _described(self, canaries: Mapping[str, Floats]) -> Embedding:
        head = self._head.arrays()
        # Whatever makes two vectors incomparable is in the fingerprint, and nothing else.
        identity: dict[str, Any] = {
            "recipe": {name: value for name, value in self.recipe.as_json().items() if name != "name"},
            "weights": self._backbone.digest,
            "decoder": DECODER,
            "head": {name: _digest(array) for name, array in head.items()},
        }
        fingerprint = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        spec = {
            "recipe": self.recipe.as_json(),
            "weights": {"digest": self._backbone.digest, "origin": self._backbone.origin},
            "decoder": DECODER,
            "opencv": cv2.__version__,
            "precision": self._backbone.precision,
            "fitted_on": self._fitted_on,
        }
        arrays = {f"{_HEAD}{name}": array for name, array in head.items()} | dict(canaries)
        return Embedding(self.dim, fingerprint, spec, arrays)

    def _checked_drift(self, expected: Floats) -> float:
        """Return how far the canaries' vectors have moved; raise EmbeddingDrift when it is too far."""
        moved = np.linalg.norm(self.embed(_canary_images()) - expected, axis=1)
        drift = float((moved / np.maximum(np.linalg.norm(expected, axis=1), np.finfo(np.float32).tiny)).max())
        if not drift <= DRIFT_BOUND:
            raise EmbeddingDrift(
                f"expected this machine to embed the store's test images within {DRIFT_BOUND:.1%} of the store's "
                f"vectors, got {drift:.1%}: use the TensorFlow version and precision that the store was made with"
            )
        return drift


def drift_message(drift: float | None) -> str | None:
    """Say how far this machine's vectors lie from the store's, if that is worth a line."""
    if drift is None or drift < TOLD_DRIFT:
        return None
    return (
        f"this machine embeds the store's test images {drift:.2%} away from the store's vectors, as another precision "
        f"or processor does; up to {DRIFT_BOUND:.1%} is let pass"
    )


def _digest(array: Floats) -> str:
    return hashlib.sha256(f"{array.shape}\n".encode() + np.ascontiguousarray(array, "<f4").tobytes()).hexdigest()


def _canary_images() -> list[Image]:
    """Return a few images that every version draws alike: ramps, checks, stripes and rings, in colour and grey."""
    y, x = np.mgrid[0:64, 0:64]
    rings = ((x - 32) ** 2 + (y - 32) ** 2) // 8 % 256
    ramps = np.stack((x * 4, y * 4, 252 - x * 4), axis=2)
    checks = (x // 8 + y // 8) % 2 * 255
    stripes = np.stack((x // 4 % 2 * 255, x * 0 + 128, y // 4 % 2 * 255), axis=2)
    return [drawn.astype(np.uint8) for drawn in (rings, ramps, checks, stripes)]
