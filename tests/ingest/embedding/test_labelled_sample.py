"""Which labelled images a head is trained on."""

from collections import Counter

import pytest

from ingest.embedding.training.labelled_sample import labelled_sample
from ingest.errors import SourceUnusable
from ingest.sources import InMemorySource, SourceImage
from tests.errors import error_message
from tests.toys import grey


def listed(labels: str) -> InMemorySource:
    """Return a source with an image a letter, its label; a dot means no label. Keys are letters and positions."""
    return InMemorySource(
        "letters",
        [
            SourceImage(f"{letter}{position}", lambda: grey(1), None if letter == "." else letter)
            for position, letter in enumerate(labels)
        ],
    )


def keys(labels: str, limit: int) -> list[str]:
    return [image.key for image in labelled_sample(listed(labels), limit)]


def test_all_labelled_images_are_chosen_up_to_the_limit_and_unlabelled_ones_are_not() -> None:
    assert keys("a.b..ab", limit=4) == ["a0", "b2", "a5", "b6"]


def test_above_the_limit_they_are_chosen_evenly_from_each_label_in_any_order() -> None:
    assert keys("aaaaaabbbbbb", limit=4) == ["a2", "a5", "b8", "b11"]
    assert keys("abababababab", limit=6) == ["a2", "b3", "a6", "b7", "a10", "b11"]


def test_rare_labels_keep_their_images_when_frequent_ones_lose_theirs() -> None:
    taken = labelled_sample(listed("a" * 1_000 + "bbb" + "c"), limit=20)
    assert Counter(image.label for image in taken) == {"a": 16, "b": 3, "c": 1}


def test_with_more_labels_than_the_limit_the_first_labels_have_one_image_each() -> None:
    assert keys("aabbccdd", limit=3) == ["a1", "b3", "c5"]


@pytest.mark.parametrize(
    ("labels", "got"), [("...", "none"), ("a..a", "'a' only")], ids=["without labels", "with one label"]
)
def test_fewer_than_two_labels_are_refused(labels: str, got: str) -> None:
    assert error_message(SourceUnusable, labelled_sample, listed(labels), limit=10) == (
        f"expected images of at least 2 labels in letters to train on, got {got}: choose the recipe auto, which "
        "needs no labels"
    )
