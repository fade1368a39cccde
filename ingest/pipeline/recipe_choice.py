"""Choose the recipe of a new store by the sizes of its pictures."""

from dataclasses import dataclass
from itertools import islice

from ingest.embedding.recipes import PHOTO, RETRIEVAL, Recipe
from ingest.errors import UnreadableImage
from ingest.images.image_size import longer_side
from ingest.sources import Source, SourceImage, decode_content

#: At most this many pictures are looked at, spread evenly over the source.
SAMPLE = 300

#: The longest side of a small picture in pixels. Measured leave-one-out on openclipart's drawings among others of their
#: size, 1-NN and precision@5: at 48 to 64 pixels (197 drawings) `retrieval` has 0.990 and 0.969, `photo` 0.980 and
#: 0.953; at 96 to 128 (348) 0.914 and 0.890 for 0.931 and 0.903; at 128 to 192 (180) 0.661 and 0.580 for 0.722 and
#: 0.609, and so on.
SMALL = 64


@dataclass(frozen=True, slots=True)
class RecipeChoice:
    """The recipe for a source's pictures, and why it is that."""

    recipe: Recipe
    reason: str


def choose_recipe(source: Source) -> RecipeChoice:
    """Return `photo` if most pictures of a source have a side of more than SMALL pixels, else `retrieval`."""
    step = max(1, -(-len(source) // SAMPLE))
    sides = [side for image in islice(source, 0, None, step) if (side := _longer_side(image)) is not None]
    large = sum(side > SMALL for side in sides)
    pictures = "1 picture is" if len(sides) == 1 else f"{len(sides)} pictures are"
    reason = f"{large} of {pictures} longer than {SMALL} pixels"
    return RecipeChoice(PHOTO if large > len(sides) / 2 else RETRIEVAL, reason)


def _longer_side(image: SourceImage) -> int | None:
    try:
        content = image.read()
        if isinstance(content, bytes):
            return longer_side(content, image.key)
        decoded = decode_content(content, image.key)
        return max(decoded.width, decoded.height)
    except UnreadableImage:
        return None
