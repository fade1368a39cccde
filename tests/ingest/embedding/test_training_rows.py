"""The features that a head is trained on: of the images and of their varied copies."""

import numpy as np
import pytest

from ingest.embedding.network.backbone import CachingBackbone, Floats
from ingest.embedding.training import rows
from ingest.embedding.training.reduction import Reduction
from ingest.embedding.training.rows import training_rows
from tests.toys import TOY, ToyBackbone

#: Leaves the toy's four features as they are.
PLAIN = Reduction(np.zeros(4, np.float32), np.eye(4, dtype=np.float32))


def inputs(count: int, labels: int = 2) -> list[tuple[Floats, int]]:
    """Return images of one grey level each, 0, 1/64, 2/64, ..., with labels in turn."""
    return [(np.full((4, 4, 3), place / 64, np.float32), place % labels) for place in range(count)]


def test_every_image_comes_with_five_varied_copies_of_its_label() -> None:
    backbone = ToyBackbone()
    done: list[int] = []
    trained, held = training_rows(TOY, backbone, backbone, PLAIN, inputs(10), 10, done.append)
    assert (len(trained), len(held), done) == (60, 0, [8, 10])
    assert trained.features.dtype == np.float16
    # One grey level stays what it is however it is turned; six rows have each image's level and label.
    expected = sorted((place / 64, place % 2) for place in range(10) for _ in range(6))
    assert sorted(zip(trained.features[:, 0].tolist(), trained.labels.tolist(), strict=True)) == expected


def test_what_is_held_back_has_no_copies_and_is_not_trained_on() -> None:
    backbone = ToyBackbone()
    trained, held = training_rows(TOY, backbone, backbone, PLAIN, inputs(41), 41, lambda _: None)
    # The twentieth of each label: the images 38 and 39.
    assert (held.features[:, 0] * 64).tolist() == [38, 39]
    assert held.labels.tolist() == [0, 1]
    assert len(trained) == 39 * 6
    assert not set((trained.features[:, 0] * 64).tolist()) & {38, 39}


@pytest.mark.parametrize(("most", "copies"), [(60, 5), (59, 4), (20, 1), (19, 0), (1, 0)])
def test_there_are_fewer_copies_where_there_would_be_too_many_rows(
    monkeypatch: pytest.MonkeyPatch, most: int, copies: int
) -> None:
    monkeypatch.setattr(rows, "MOST_ROWS", most)
    trained, _ = training_rows(TOY, ToyBackbone(), ToyBackbone(), PLAIN, inputs(10), 10, lambda _: None)
    assert len(trained) == 10 * (copies + 1)


def test_copies_do_not_take_the_place_of_images_in_the_memory() -> None:
    backbone = ToyBackbone()
    memory = CachingBackbone(backbone, capacity=17)
    training_rows(TOY, memory, backbone, PLAIN, inputs(16), 16, lambda _: None)
    computed = backbone.batches
    memory.features(np.stack([input for input, _ in inputs(8)]))
    assert backbone.batches == computed


def test_a_seed_gives_the_same_rows() -> None:
    noise = [(np.asarray(np.random.default_rng(place).random((4, 4, 3)), np.float32), place % 2) for place in range(10)]
    first, second = (
        training_rows(TOY, ToyBackbone(), ToyBackbone(), PLAIN, iter(noise), 10, lambda _: None)[0] for _ in range(2)
    )
    np.testing.assert_array_equal(first.features, second.features)
    np.testing.assert_array_equal(first.labels, second.labels)
