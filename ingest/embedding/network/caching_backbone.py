"""A backbone with a cache of the features that it has computed."""

import hashlib

import numpy as np

from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.backbone import Backbone


class CachingBackbone:
    """Computes no image twice, for up to `capacity` images."""

    def __init__(self, backbone: Backbone, capacity: int) -> None:
        self._backbone = backbone
        self._capacity = capacity
        self._features: dict[bytes, Float32Array] = {}
        self._middle_rows: set[bytes] = set()
        self.batch_size = backbone.batch_size
        self.digest = backbone.digest
        self.origin = backbone.origin
        self.precision = backbone.precision

    def is_cached(self, image: Float32Array) -> bool:
        """Return whether the features of an image, (side, side, 3) float32, are in the cache."""
        # Comparing the middle row first excludes most other images, in a tenth of the time of a digest.
        return _middle_row(image) in self._middle_rows and _digest(image) in self._features

    def features(self, images: Float32Array) -> Float32Array:
        """Return the features of a full batch, which is computed unless all of its images are in the cache."""
        if len(self._features) >= self._capacity and not self.is_cached(images[0]):
            return self._backbone.features(images)
        digests = [_digest(image) for image in images]
        cached = [self._features.get(digest) for digest in digests]
        if all(row is not None for row in cached):
            return np.array(cached, np.float32)
        features = self._backbone.features(images)
        for image, digest, row in zip(images, digests, features, strict=True):
            if len(self._features) < self._capacity:
                self._features[digest] = row.copy()
                self._middle_rows.add(_middle_row(image))
        return features


def _digest(image: Float32Array) -> bytes:
    return hashlib.sha256(image.tobytes()).digest()


def _middle_row(image: Float32Array) -> bytes:
    row: Float32Array = image[len(image) // 2]
    return row.tobytes()
