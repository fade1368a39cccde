"""Which images a head is trained on, and which are held back."""

from collections import Counter

import pytest

from ingest.embedding.training.samples import HeldBack, labelled_sample
from ingest.errors import SourceUnusable
from ingest.sources import InMemorySource, SourceImage
from tests.toys import grey


def listed(labels: str) -> InMemorySource:
    """Return a source with an image for each letter, its label; a dot has none. Keys are letters and places."""
    return InMemorySource(
        "letters",
        [
            SourceImage(f"{letter}{place}", lambda: grey(1), None if letter == "." else letter)
            for place, letter in enumerate(labels)
        ],
    )


def keys(labels: str, most: int) -> list[str]:
    return [image.key for image in labelled_sample(listed(labels), most)]


def test_all_labelled_images_are_taken_if_there_are_few_enough_and_the_others_left_out() -> None:
    assert keys("a.b..ab", most=4) == ["a0", "b2", "a5", "b6"]


def test_of_more_they_are_taken_evenly_from_each_label_wherever_they_stand() -> None:
    assert keys("aaaaaabbbbbb", most=4) == ["a2", "a5", "b8", "b11"]
    assert keys("abababababab", most=6) == ["a2", "b3", "a6", "b7", "a10", "b11"]


def test_rare_labels_keep_their_images_when_frequent_ones_give_some_up() -> None:
    taken = labelled_sample(listed("a" * 1_000 + "bbb" + "c"), most=20)
    assert Counter(image.label for image in taken) == {"a": 16, "b": 3, "c": 1}


def test_with_more_labels_than_images_are_wanted_the_first_give_one_each() -> None:
    assert keys("aabbccdd", most=3) == ["a1", "b3", "c5"]


@pytest.mark.parametrize(
    ("labels", "got"), [("...", "none"), ("a..a", "'a' only")], ids=["without labels", "with one label"]
)
def test_there_must_be_labels_to_tell_apart(labels: str, got: str) -> None:
    with pytest.raises(SourceUnusable) as refused:
        labelled_sample(listed(labels), most=10)
    assert str(refused.value) == (
        f"expected images of at least 2 labels in letters to train on, got {got}: take the recipe retrieval, which "
        "needs no labels"
    )


def test_every_twentieth_image_of_a_label_is_held_back_and_none_of_a_label_with_fewer() -> None:
    held = HeldBack()
    told = [held(label) for label in [0] * 19 + [1] * 40 + [0]]
    assert [place for place, out in enumerate(told) if out] == [19 + 19, 19 + 39, 59]
