"""Compute the pictures of several requests in one batch of the network: those that arrive while it is busy.

The network computes full batches only (`Backbone`), so that a picture alone takes as long as many together, and a row's
bits do not depend on the other rows: together or alone, a picture has the same vector.
"""

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np

from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.backbone import Backbone

#: The part of a batch's time that a batch waits to be fuller, at most and at least.
_MOST_PATIENCE, _LEAST_PATIENCE = 1 / 2, 1 / 64


@dataclass(eq=False, slots=True)
class _Request:
    """The images of a call, (n, side, side, 3), and the features of all images of a batch, (batch_size, d)."""

    images: Float32Array
    features: "Future[Float32Array]" = field(default_factory=Future)


class BatchingBackbone:
    """A `Backbone` whose calls, from many threads, share its batches.

    One of the calling threads computes for all that wait, then hands over to one of those that came meanwhile. That one
    waits a moment for those that were just answered to ask again, as long as this turns out to be worth it: two groups
    of clients would take turns otherwise, with a part of a batch each. A client that is alone never waits.
    """

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone
        self.batch_size = backbone.batch_size
        self.digest = backbone.digest
        self.origin = backbone.origin
        self.precision = backbone.precision
        self._changed = threading.Condition()
        self._waiting: list[_Request] = []
        self._computing = False
        # The features of a black image, (1, d): what is left of a batch is padded with such images.
        self._black: Float32Array | None = None
        # After the last batch: how many images may come in all, when it ended, and the seconds that it took.
        self._expected, self._ended, self._seconds = 0, 0.0, 0.0
        self._patience = _MOST_PATIENCE

    def features(self, images: Float32Array) -> Float32Array:
        """Return the features, (batch_size, d) float32, of images, (batch_size, side, side, 3) float32 in 0..1."""
        own = _Request(images[: _count(images)])
        with self._changed:
            self._waiting.append(own)
            self._changed.notify_all()
            while self._computing and not own.features.done():
                self._changed.wait()
            computes = not own.features.done()
            self._computing |= computes
        if computes:
            self._compute_until_done(own)
        return own.features.result()

    def _compute_until_done(self, own: _Request) -> None:
        """Compute batches until one has a request's images, then let another thread go on."""
        try:
            while not own.features.done():
                with self._changed:
                    self._wait_for_more()
                    batch = self._take_batch()
                self._compute(batch)
        finally:
            with self._changed:
                self._computing = False
                self._changed.notify_all()

    def _wait_for_more(self) -> None:
        """Wait until those that the last batch answered have asked again, or until that has taken too long."""
        expected = min(self.batch_size, self._expected)
        seconds = self._ended + self._patience * self._seconds - time.monotonic()
        if seconds <= 0 or self._waiting_count() >= expected:
            return
        have_come = self._changed.wait_for(lambda: self._waiting_count() >= expected, seconds)
        changed = self._patience * (2 if have_come else 1 / 2)
        self._patience = max(_LEAST_PATIENCE, min(_MOST_PATIENCE, changed))

    def _waiting_count(self) -> int:
        return sum(len(request.images) for request in self._waiting)

    def _take_batch(self) -> list[_Request]:
        """Take the requests that have waited longest, as many as a batch has room for."""
        count, room = 0, self.batch_size
        for request in self._waiting:
            room -= len(request.images)
            if room < 0:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    def _compute(self, batch: list[_Request]) -> None:
        started = time.monotonic()
        try:
            images = np.concatenate([request.images for request in batch])
            if self._black is None:
                self._black = self._backbone.features(_padded(images[:0], self.batch_size))[:1]
            features = self._backbone.features(_padded(images, self.batch_size))
        except BaseException as error:
            for request in batch:
                request.features.set_exception(error)
            return
        with self._changed:
            self._expected = len(images) + self._waiting_count()
            self._ended = time.monotonic()
            self._seconds = self._ended - started
        start = 0
        for request in batch:
            end = start + len(request.images)
            padding = np.repeat(self._black, self.batch_size - len(request.images), axis=0)
            request.features.set_result(np.concatenate([features[start:end], padding]))
            start = end


def _count(images: Float32Array) -> int:
    """Return the number of images before those that pad a batch, which are black; a black one is as good as padding."""
    used = np.flatnonzero(images.reshape(len(images), -1).any(axis=1))
    return int(used[-1]) + 1 if len(used) else 1


def _padded(images: Float32Array, size: int) -> Float32Array:
    """Return a full batch of images, (n, side, side, 3), and black ones."""
    batch = np.zeros((size, *images.shape[1:]), np.float32)
    batch[: len(images)] = images
    return batch
