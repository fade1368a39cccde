"""Splits of a source into stored images and query images."""

import pytest

from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures.splits import labelled_images, require_test_count, select_images, shuffled_splits
from tests.errors import error_message
from tests.toys import grey_source


def test_a_split_has_every_image_on_exactly_one_side() -> None:
    for split in shuffled_splits(10, 3, 5):
        assert (len(split.queries), len(split.stored)) == (3, 7)
        assert sorted(split.queries + split.stored) == list(range(10))


def test_splits_are_the_same_each_time_and_differ_from_each_other() -> None:
    splits = shuffled_splits(10, 3, 5)
    assert splits == shuffled_splits(10, 3, 5)
    assert len({tuple(split.queries) for split in splits}) == 5
    # NumPy has frozen the stream of RandomState, so that these numbers never change.
    assert splits[0].queries == [2, 8, 4]


def test_images_are_selected_in_the_order_of_their_positions() -> None:
    images = labelled_images(grey_source({"a": 1, "b": 2, "c": 3}, {"a": "x", "b": "y", "c": "z"}))
    source = select_images(images, [2, 0], "two")
    assert (source.name, len(source), [image.key for image in source]) == ("two", 2, ["c", "a"])


@pytest.mark.parametrize("images", [0, 1])
def test_one_image_cannot_be_split(images: int) -> None:
    assert error_message(UnfitForBenchmark, require_test_count, "greys", images, 1) == (
        f"expected at least 2 images in greys, got {images}: name a larger source"
    )
