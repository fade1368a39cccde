"""The recipe of a new store, chosen by the sizes of its pictures."""

from collections.abc import Sequence

import pytest

from ingest.embedding.recipes import PHOTO, RETRIEVAL
from ingest.pipeline.recipe_choice import SAMPLE, RecipeChoice, choose_recipe
from ingest.sources import InMemorySource, SourceImage
from ingest.sources.source import unusable
from tests.toys import noise, png


def source_of(sizes: Sequence[tuple[int, int]]) -> InMemorySource:
    """Return a source of PNGs and, every second, pixels of these heights and widths."""
    images = [
        SourceImage(str(number), lambda size=size, number=number: png(noise(*size)) if number % 2 else noise(*size))  # type: ignore[misc]
        for number, size in enumerate(sizes)
    ]
    return InMemorySource("pictures", images)


@pytest.mark.parametrize(
    ("sizes", "choice"),
    [
        ([(28, 28)], RecipeChoice(RETRIEVAL, "0 of 1 picture is longer than 64 pixels")),
        ([(64, 3), (8, 64), (900, 20)], RecipeChoice(RETRIEVAL, "1 of 3 pictures are longer than 64 pixels")),
        ([(8, 8), (3, 65)], RecipeChoice(RETRIEVAL, "1 of 2 pictures are longer than 64 pixels")),
        ([(65, 3), (3, 65), (8, 8)], RecipeChoice(PHOTO, "2 of 3 pictures are longer than 64 pixels")),
        ([(300, 200)], RecipeChoice(PHOTO, "1 of 1 picture is longer than 64 pixels")),
    ],
)
def test_most_pictures_decide_by_their_longer_side(sizes: Sequence[tuple[int, int]], choice: RecipeChoice) -> None:
    assert choose_recipe(source_of(sizes)) == choice


def test_a_few_hundred_pictures_spread_over_the_source_are_read() -> None:
    read: list[int] = []

    def image(number: int) -> SourceImage:
        def pixels() -> bytes:
            read.append(number)
            return png(noise(4, 4 if number < 500 else 70))

        return SourceImage(str(number), pixels)

    source = InMemorySource("sorted", [image(number) for number in range(3 * SAMPLE + 600)])
    assert choose_recipe(source) == RecipeChoice(PHOTO, "200 of 300 pictures are longer than 64 pixels")
    assert read == list(range(0, 1500, 5))


def test_pictures_that_cannot_be_read_do_not_count() -> None:
    broken = [unusable(str(number), "gone") for number in range(5)]
    damaged = SourceImage("damaged", lambda: png(noise(90, 90))[:20])
    source = InMemorySource("mixed", [*broken, damaged, *source_of([(90, 90)])])
    assert choose_recipe(source) == RecipeChoice(PHOTO, "1 of 1 picture is longer than 64 pixels")
    assert choose_recipe(InMemorySource("broken", broken)).recipe is RETRIEVAL
