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
    """The image of a call, (1, side, side, 3), and its features, (1, d)."""

    image: Float32Array
    features: "Future[Float32Array]" = field(default_factory=Future)


class BatchingBackbone:
    """A `Backbone` of one image at a time, whose calls, from many threads, share the batches of another.

    One of the calling threads computes for all that wait, then hands over to one of those that came meanwhile. That one
    waits a moment for those that were just answered to ask again, as long as this turns out to be worth it: two groups
    of clients would take turns otherwise, with a part of a batch each. A client that is alone never waits.
    """

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone
        # No call pads a batch: those of eight photographs were 80 MB of black images.
        self.batch_size = 1
        self.digest = backbone.digest
        self.origin = backbone.origin
        self.precision = backbone.precision
        self._changed = threading.Condition()
        self._waiting: list[_Request] = []
        self._computing = False
        # After the last batch: how many images may come in all, when it ended, and the seconds that it took.
        self._expected, self._ended, self._seconds = 0, 0.0, 0.0
        self._patience = _MOST_PATIENCE

    def features(self, images: Float32Array) -> Float32Array:
        """Return the features, (1, d) float32, of an image, (1, side, side, 3) float32 in 0..1."""
        own = _Request(images)
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
        """Compute batches until one has a request's image, then let another thread go on."""
        try:
            while not own.features.done():
                with self._changed:
                    self._wait_for_more()
                    size = self._backbone.batch_size
                    batch, self._waiting = self._waiting[:size], self._waiting[size:]
                self._compute(batch)
        finally:
            with self._changed:
                self._computing = False
                self._changed.notify_all()

    def _wait_for_more(self) -> None:
        """Wait until those that the last batch answered have asked again, or until that has taken too long."""
        expected = min(self._backbone.batch_size, self._expected)
        seconds = self._ended + self._patience * self._seconds - time.monotonic()
        if seconds <= 0 or len(self._waiting) >= expected:
            return
        have_come = self._changed.wait_for(lambda: len(self._waiting) >= expected, seconds)
        changed = self._patience * (2 if have_come else 1 / 2)
        self._patience = max(_LEAST_PATIENCE, min(_MOST_PATIENCE, changed))

    def _compute(self, batch: list[_Request]) -> None:
        started = time.monotonic()
        try:
            images = np.zeros((self._backbone.batch_size, *batch[0].image.shape[1:]), np.float32)
            np.concatenate([request.image for request in batch], out=images[: len(batch)])
            features = self._backbone.features(images)
        except BaseException as error:
            for request in batch:
                request.features.set_exception(error)
            return
        with self._changed:
            self._expected = len(batch) + len(self._waiting)
            self._ended = time.monotonic()
            self._seconds = self._ended - started
        for row, request in enumerate(batch):
            request.features.set_result(features[row : row + 1])
