"""From decoded images to vectors: recipe, backbone and head in one object."""

import shlex
from collections.abc import Callable, Iterable, Mapping

import cv2
import numpy as np

from ingest.embedding.features import collect_features, compute_features, network_input
from ingest.embedding.heads import ENOUGH_IMAGES, Head, fit_head, head_arrays
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.backbone import Backbone
from ingest.embedding.network.caching_backbone import CachingBackbone
from ingest.embedding.recipes import Recipe, recipe_of
from ingest.embedding.stored_embedding import CANARIES, HEAD, fingerprint_of, impossible, stored_canaries, stored_head
from ingest.errors import EmbeddingDrift
from ingest.images.decoding import DECODER
from ingest.images.images import Image
from storage import Embedding
from storage.errors import OtherEmbedding

#: The largest accepted distance between the canary images' vectors and those in the store, relative to their length.
#: Another precision or processor changes the vectors of most recipes by a third of a percent, and whitened ones by a
#: little more than one percent; other weights change them far more.
DRIFT_BOUND = 0.02

#: The smallest drift that is worth a message; the order of additions alone causes less.
REPORTED_DRIFT = 0.0001

#: How many characters of a digest a message shows.
_SHOWN_DIGITS = 16

#: A head fitted on fewer than ENOUGH_IMAGES is outgrown once there are so many, and this many times as many as before.
OUTGROWN_FACTOR = 2


class Embedder:
    """Computes vectors by one recipe, backbone and head, and identifies them by a fingerprint.

    `drift` is the largest distance of the canary images' vectors on this machine to those in the store that the
    embedder was restored from, relative to their length; None when it was fitted on images.
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
        """Return an embedder whose head is fitted on the given images, at least one.

        Each image is read once, and released once it is resized; `on_done` is called with the number of images done.
        Raise SourceUnusable when there are no images, RecipeUnusable after the first batches.
        """
        features = collect_features(recipe, backbone, (network_input(recipe, image) for image in images), on_done)
        return cls(recipe, backbone, fit_head(recipe, features), fitted_on=len(features))

    @classmethod
    def restore(cls, embedding: Embedding, backbone: Backbone, store: object = "DIR") -> "Embedder":
        """Return the embedder of a store's embedding; `store` is its location, for messages.

        Raise OtherEmbedding when the store's images were decoded differently or the backbone has other weights,
        StoreCorrupt when the
        head or the canary images' vectors are none, EmbeddingDrift when the latter differ by more than DRIFT_BOUND.
        """
        embedder = cls(recipe_of(embedding), backbone, stored_head(embedding), embedding.spec.get("fitted_on", 0))
        canaries = stored_canaries(embedding)
        own = embedder._embedding_with(canaries={})
        _require_same_origin(embedding, own, store)
        embedding.require_same(own)
        embedder.drift = embedder._require_small_drift(canaries)
        return embedder

    @property
    def batch_size(self) -> int:
        """Return the backbone's batch size; a multiple of it needs no padding."""
        return self._backbone.batch_size

    def is_cached(self, input: Float32Array) -> bool:
        """Return whether the features of a network input are cached, so that its vector does not need the network."""
        return isinstance(self._backbone, CachingBackbone) and self._backbone.is_cached(input)

    def embed(self, images: Iterable[Image]) -> Float32Array:
        """Return the vectors of images, (n, dim) float32; a vector's bits do not depend on the other images."""
        return self.embed_inputs(network_input(self.recipe, image) for image in images)

    def embed_inputs(self, inputs: Iterable[Float32Array]) -> Float32Array:
        """Return the vectors, (n, dim) float32, of network inputs as `network_input` returns them."""
        batches = [self._head(features) for features in compute_features(self.recipe, self._backbone, inputs)]
        return np.concatenate(batches) if batches else np.empty((0, self.recipe.dim), np.float32)

    def embedding(self) -> Embedding:
        """Return what a store records of this embedder: fingerprint, description, head and canary vectors."""
        return self._embedding_with({CANARIES: self.embed(_canary_images())})

    def _embedding_with(self, canaries: Mapping[str, Float32Array]) -> Embedding:
        head = head_arrays(self._head)
        fingerprint = fingerprint_of(self.recipe, self._backbone.digest, DECODER, head)
        spec = {
            "recipe": self.recipe.as_json(),
            "weights": {"digest": self._backbone.digest, "origin": self._backbone.origin},
            "decoder": DECODER,
            "opencv": cv2.__version__,
            "precision": self._backbone.precision,
            "fitted_on": self._fitted_on,
        }
        arrays = {f"{HEAD}{name}": array for name, array in head.items()} | dict(canaries)
        return Embedding(self.recipe.dim, fingerprint, spec, arrays)

    def _require_small_drift(self, expected: Float32Array) -> float:
        """Return the drift from the canary vectors expected; raise EmbeddingDrift when it is above DRIFT_BOUND."""
        try:
            vectors = self.embed(_canary_images())
        except ValueError as error:
            raise impossible(f"a head for the features of its network, got '{error}'") from error
        distances = np.linalg.norm(vectors - expected, axis=1)
        drift = float((distances / np.maximum(np.linalg.norm(expected, axis=1), np.finfo(np.float32).tiny)).max())
        if not drift <= DRIFT_BOUND:
            raise EmbeddingDrift(
                f"expected this machine to embed the store's test images within {DRIFT_BOUND:.1%} of the store's "
                f"vectors, got {drift:.1%}: use the TensorFlow version and precision that the store was made with"
            )
        return drift


def _require_same_origin(embedding: Embedding, own: Embedding, store: object) -> None:
    """Raise OtherEmbedding, which says what differs, when a store's decoder or weights are not this program's."""
    differing = [name for name in ("decoder", "weights") if _origin(embedding, name) != _origin(own, name)]
    if differing:
        expected, got = (
            " and ".join(f"{name} {_origin(which, name)}" for name in differing) for which in (embedding, own)
        )
        by_weights = "name its weights with --weights, or " if differing == ["weights"] else ""
        raise OtherEmbedding(
            f"expected to embed images as the store's were ({expected}), got {got}: {by_weights}make its vectors anew "
            f"with `lookalike renew --store {shlex.quote(str(store))}`; until then ask for items by id, key or vector"
        )


def _origin(embedding: Embedding, name: str) -> str:
    """Return the stamp of a store's decoder, or the start of the digest of its weights."""
    value = embedding.spec.get(name)
    return str(value.get("digest"))[:_SHOWN_DIGITS] if isinstance(value, Mapping) else str(value)


def is_outgrown(embedding: Embedding, items: int) -> bool:
    """Return whether a store has so many items that a head fitted on them would be much better than its own."""
    fitted_on = embedding.spec.get("fitted_on")
    if not isinstance(fitted_on, int) or not recipe_of(embedding).head_is_fitted:
        return False
    return fitted_on < ENOUGH_IMAGES <= items and items >= OUTGROWN_FACTOR * fitted_on


def drift_message(drift: float | None) -> str | None:
    """Return a line about the drift of this machine's vectors from the store's, or None when it is negligible."""
    if drift is None or drift < REPORTED_DRIFT:
        return None
    return (
        f"this machine embeds the store's test images {drift:.2%} away from the store's vectors, as another precision "
        f"or processor does; up to {DRIFT_BOUND:.1%} is accepted"
    )


def _canary_images() -> list[Image]:
    """Return four fixed images, which must never change: rings, ramps, checks and stripes, in grey and colour."""
    y, x = np.mgrid[0:64, 0:64]
    rings = ((x - 32) ** 2 + (y - 32) ** 2) // 8 % 256
    ramps = np.stack((x * 4, y * 4, 252 - x * 4), axis=2)
    checks = (x // 8 + y // 8) % 2 * 255
    stripes = np.stack((x // 4 % 2 * 255, x * 0 + 128, y // 4 % 2 * 255), axis=2)
    return [image.astype(np.uint8) for image in (rings, ramps, checks, stripes)]
