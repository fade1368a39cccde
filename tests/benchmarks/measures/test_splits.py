"""Ways to cut a source into images to search in and images to ask with."""

from benchmarks.measures.splits import chosen, labelled_images, shuffled_splits
from tests.toys import grey_source


def test_splits_leave_nothing_out_and_nothing_on_both_sides() -> None:
    for split in shuffled_splits(10, 3, 5):
        assert (len(split.asked), len(split.stored)) == (3, 7)
        assert sorted(split.asked + split.stored) == list(range(10))


def test_splits_are_the_same_each_time_and_differ_from_each_other() -> None:
    splits = shuffled_splits(10, 3, 5)
    assert splits == shuffled_splits(10, 3, 5)
    assert len({tuple(split.asked) for split in splits}) == 5
    # NumPy's RandomState(0), whose stream is frozen, begins so.
    assert splits[0].asked == [2, 8, 4]


def test_images_are_chosen_in_the_order_of_their_numbers() -> None:
    images = labelled_images(grey_source({"a": 1, "b": 2, "c": 3}, {"a": "x", "b": "y", "c": "z"}))
    some = chosen(images, [2, 0], "some")
    assert (some.name, len(some), [image.key for image in some]) == ("some", 2, ["c", "a"])
