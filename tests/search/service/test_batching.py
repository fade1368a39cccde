"""Pictures of several requests share a batch of the network, and no answer changes by it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ingest.embedding.features import compute_features, network_input
from ingest.embedding.linalg.arrays import Float32Array
from search.searcher import Searcher
from search.service.batching_backbone import BatchingBackbone
from search.service.decoded_pictures import DecodedPictures
from tests.search.stores import grey_store
from tests.toys import TOY, ToyBackbone, grey, noise, png, toy_backbone


class HeldBackbone(ToyBackbone):
    """A toy that computes when it is let, and says how many images, not black, each batch had."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.let = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)

    def features(self, images: Float32Array) -> Float32Array:
        self.sizes.append(int(images.reshape(len(images), -1).any(axis=1).sum()))
        self.begun.release()
        assert self.let.acquire(timeout=60)
        return super().features(images)


def inputs(count: int) -> list[Float32Array]:
    return [network_input(TOY, noise(8, 8, 3, seed=seed)) for seed in range(count)]


def features(backbone: BatchingBackbone | ToyBackbone, images: list[Float32Array]) -> Float32Array:
    return np.concatenate(list(compute_features(TOY, backbone, images)))


def test_images_that_arrive_while_the_network_is_busy_are_computed_together() -> None:
    backbone = HeldBackbone()
    batching = BatchingBackbone(backbone)
    images = inputs(7)
    with ThreadPoolExecutor(7) as threads:
        first = threads.submit(features, batching, images[:1])
        backbone.begun.acquire()
        backbone.let.release()
        first.result()
        second = threads.submit(features, batching, images[1:2])
        backbone.begun.acquire()
        others = [threads.submit(features, batching, [image]) for image in images[2:]]
        while len(batching._waiting) < 5:
            time.sleep(0.001)
        for _ in range(2):
            backbone.let.release()
        found = [first.result(), second.result(), *(other.result() for other in others)]
    assert backbone.sizes == [1, 1, 5]
    alone = ToyBackbone()
    for features_, image in zip(found, images, strict=True):
        assert features_.tobytes() == features(alone, [image]).tobytes()


def test_more_than_a_batch_is_computed_in_order() -> None:
    backbone = ToyBackbone()
    batching = BatchingBackbone(backbone)
    images = inputs(60)
    with ThreadPoolExecutor(20) as threads:
        found = list(threads.map(lambda start: features(batching, images[start : start + 3]), range(0, 60, 3)))
    assert np.concatenate(found).tobytes() == features(ToyBackbone(), images).tobytes()
    assert 60 / 8 <= backbone.batches <= 60


def test_an_error_is_raised_to_all_of_the_batch_and_the_next_is_computed() -> None:
    class Failing(ToyBackbone):
        def features(self, images: Float32Array) -> Float32Array:
            if images.max() > 0.9:
                raise MemoryError("too bright")
            return super().features(images)

    batching = BatchingBackbone(Failing())
    with pytest.raises(MemoryError, match="too bright"):
        features(batching, [network_input(TOY, grey(255))])
    dark = [network_input(TOY, grey(51))]
    assert features(batching, dark).tobytes() == features(ToyBackbone(), dark).tobytes()


def test_answers_by_many_pictures_at_once_are_those_one_after_another(tmp_path: Path) -> None:
    folder = grey_store(tmp_path)
    pictures = [png(noise(9, 7, 3, seed=seed)) for seed in range(40)]
    with Searcher.open(folder, make_backbone=toy_backbone()) as searcher:
        alone = [searcher.by_image(picture) for picture in pictures]
    backbone = ToyBackbone()
    batching = BatchingBackbone(backbone)
    decoded = DecodedPictures(10_000)

    def ask(searcher: Searcher, picture: bytes) -> object:
        with decoded.decoded(searcher, picture) as image:
            return searcher.by_image(image)

    with Searcher.open(folder, make_backbone=lambda *_: batching) as searcher, ThreadPoolExecutor(16) as threads:
        assert list(threads.map(lambda picture: ask(searcher, picture), pictures)) == alone


def test_decoded_pictures_wait_for_room(tmp_path: Path) -> None:
    picture = png(grey(3, 10))
    with Searcher.open(grey_store(tmp_path), make_backbone=toy_backbone()) as searcher:
        pictures = DecodedPictures(2 * 300)
        with ThreadPoolExecutor(1) as threads, pictures.decoded(searcher, picture) as first:
            assert first.nbytes == 300
            with pictures.decoded(searcher, picture):

                def third() -> int:
                    with pictures.decoded(searcher, picture) as image:
                        return int(image.nbytes)

                waiting = threads.submit(third)
                time.sleep(0.05)
                assert not waiting.done()
            assert waiting.result(60) == 300


def test_clients_that_ask_again_and_again_share_every_batch() -> None:
    class Slow(ToyBackbone):
        def features(self, images: Float32Array) -> Float32Array:
            time.sleep(0.1)
            return super().features(images)

    backbone = Slow()
    batching = BatchingBackbone(backbone)
    images = inputs(4)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda image: [features(batching, [image]) for _ in range(10)], images))
    # Ten of four, but for the first; half as many more if one client went ahead each time.
    assert backbone.batches <= 13
