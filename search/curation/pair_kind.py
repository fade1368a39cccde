"""Say by what one picture is a copy of another: identical, resized, cropped, turned or edited."""

import numpy as np

from search.curation.duplicate_group import Kind
from search.curation.item_pictures import ItemPictures
from search.curation.second_look import Look
from storage import Item

#: Degrees from which a picture counts as turned.
_TURNED = 1.5

#: The share of a picture on the other below which one is a part of the other.
_CROPPED = 0.95

#: From these on a picture was edited: the share of pixels that differ after a change of colours, the mean change of
#: colours, and the share of structure in common. Compression and resizing change less.
_DIFFERING, _COLOUR, _AGREEMENT = 0.01, 0.05, 0.6

#: Mean difference of colours up to which two pictures may be identical in all pixels.
_NO_COLOUR = 0.002


def kind_of_copy(first: Item, second: Item, seen: Look, pictures: ItemPictures) -> Kind:
    """Return the kind of two items' pictures that are copies of each other, as `look` saw them."""
    if first.content == second.content:
        return Kind.IDENTICAL_FILE
    if _may_be_identical(first, second, seen) and _are_identical(first, second, pictures):
        return Kind.IDENTICAL_PIXELS
    if seen.transform.mirrored or abs(seen.degrees) > _TURNED:
        return Kind.TURNED
    if min(seen.pixels.overlaps) < _CROPPED:
        return Kind.CROPPED
    if seen.pixels.differing > _DIFFERING or seen.pixels.colour > _COLOUR or min(seen.pixels.agreement) < _AGREEMENT:
        return Kind.EDITED
    return Kind.REENCODED


def _may_be_identical(first: Item, second: Item, seen: Look) -> bool:
    sides = [(item.metadata.get("width"), item.metadata.get("height")) for item in (first, second)]
    return sides[0] == sides[1] and not seen.transform.mirrored and seen.pixels.colour < _NO_COLOUR


def _are_identical(first: Item, second: Item, pictures: ItemPictures) -> bool:
    here, there = pictures.full_size(first.id), pictures.full_size(second.id)
    return here is not None and there is not None and np.array_equal(here, there)
