"""The features that a head is trained on, of images and augmented copies, and those that it is validated on."""

from collections import Counter

import numpy as np
import pytest

from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.caching_backbone import CachingBackbone
from ingest.embedding.training import labelled_features
from ingest.embedding.training.labelled_features import compute_labelled_features, is_for_validation
from ingest.embedding.training.reduction import Reduction
from tests.toys import TOY, ToyBackbone

#: Does not change the toy's four features.
UNREDUCED = Reduction(np.zeros(4, np.float32), np.eye(4, dtype=np.float32))


def inputs(count: int, labels: int = 2) -> list[tuple[Float32Array, int]]:
    """Return images of one grey level each, 0, 1/64, 2/64, ..., with labels in turn."""
    return [(np.full((4, 4, 3), number / 64, np.float32), number % labels) for number in range(count)]


def test_every_training_image_comes_with_five_augmented_copies_of_its_label() -> None:
    backbone = ToyBackbone()
    done: list[int] = []
    training, validation = compute_labelled_features(TOY, backbone, backbone, UNREDUCED, inputs(10), 10, done.append)
    assert (len(training), len(validation), done) == (60, 0, [8, 10])
    assert training.features.dtype == np.float16
    # Augmentation does not change an image of one grey level: six rows have each image's level and label.
    expected = sorted((number / 64, number % 2) for number in range(10) for _ in range(6))
    assert sorted(zip(training.features[:, 0].tolist(), training.labels.tolist(), strict=True)) == expected


def test_validation_images_have_no_copies_and_are_not_used_for_training() -> None:
    backbone = ToyBackbone()
    training, validation = compute_labelled_features(TOY, backbone, backbone, UNREDUCED, inputs(41), 41, lambda _: None)
    # The twentieth of each label: the images 38 and 39.
    assert (validation.features[:, 0] * 64).tolist() == [38, 39]
    assert validation.labels.tolist() == [0, 1]
    assert len(training) == 39 * 6
    assert not set((training.features[:, 0] * 64).tolist()) & {38, 39}


@pytest.mark.parametrize(("limit", "copies"), [(60, 5), (59, 4), (20, 1), (19, 0), (1, 0)])
def test_there_are_fewer_copies_when_there_would_be_too_many_rows(
    monkeypatch: pytest.MonkeyPatch, limit: int, copies: int
) -> None:
    monkeypatch.setattr(labelled_features, "MAX_ROWS", limit)
    training, _ = compute_labelled_features(
        TOY, ToyBackbone(), ToyBackbone(), UNREDUCED, inputs(10), 10, lambda _: None
    )
    assert len(training) == 10 * (copies + 1)


def test_copies_do_not_displace_images_from_the_cache() -> None:
    backbone = ToyBackbone()
    cached = CachingBackbone(backbone, capacity=17)
    compute_labelled_features(TOY, cached, backbone, UNREDUCED, inputs(16), 16, lambda _: None)
    computed = backbone.batches
    cached.features(np.stack([input for input, _ in inputs(8)]))
    assert backbone.batches == computed


def test_a_seed_gives_the_same_rows() -> None:
    noise = [
        (np.asarray(np.random.default_rng(number).random((4, 4, 3)), np.float32), number % 2) for number in range(10)
    ]
    first, second = (
        compute_labelled_features(TOY, ToyBackbone(), ToyBackbone(), UNREDUCED, iter(noise), 10, lambda _: None)[0]
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.features, second.features)
    np.testing.assert_array_equal(first.labels, second.labels)


def test_every_twentieth_image_of_a_label_is_for_validation_and_none_of_a_label_with_fewer() -> None:
    seen: Counter[int] = Counter()
    split = [is_for_validation(label, seen) for label in [0] * 19 + [1] * 40 + [0]]
    assert [number for number, validated in enumerate(split) if validated] == [19 + 19, 19 + 39, 59]
