"""The radius at which copies of a store's own pictures are found."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.job import ingest
from ingest.sources import InMemorySource, SourceImage
from search.curation.auto_radius import CopyRadius, radius_of_copies
from search.curation.duplicates import duplicates_of
from search.curation.perturbations import KINDS
from search.curation.pixel_difference import difference, pixels_of
from search.errors import RadiusUnknown
from search.searcher import Searcher
from storage import NewItem, Store
from tests.search.stores import grey_searcher
from tests.toys import TOY, toy_backbone

Image = NDArray[np.uint8]


def scene(seed: int, side: int = 48) -> Image:
    """Return a picture of soft blotches."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4)).astype(np.float32)
    return np.clip(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)


def store_of(folder: Path, images: dict[str, Image]) -> Searcher:
    listed = [SourceImage(key, lambda image=image: image, None) for key, image in images.items()]  # type: ignore[misc]
    ingest(InMemorySource("scenes", listed), folder / "store", recipe=TOY, make_backbone=toy_backbone())
    return Searcher.open(folder / "store", make_backbone=toy_backbone())


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 3), (9, 40), (1, 1), (2, 3, 3), (3, 2)], ids=str)
def test_copies_are_pictures_of_the_same_kind(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(31).integers(0, 256, shape).astype(np.uint8)
    for copied in KINDS.values():
        copy = copied(image)
        assert (str(copy.dtype), copy.ndim) == ("uint8", len(shape))
        assert copy.size > 0


def test_a_copy_is_what_its_kind_says() -> None:
    image = scene(1, 40)
    copies = {kind: copied(image) for kind, copied in KINDS.items()}
    assert {kind: copy.shape for kind, copy in copies.items()} == {
        "re-encoded": (40, 40),
        "resized": (30, 30),
        "cropped": (38, 38),
    }
    np.testing.assert_array_equal(copies["cropped"], image[1:-1, 1:-1])
    assert 0 < np.abs(copies["re-encoded"].astype(int) - image).max() < 20


def test_a_picture_fits_its_crop_and_not_another_picture() -> None:
    one, other = scene(1), scene(2)
    crop = np.ascontiguousarray(one[2:, 3:46])
    alike = difference(pixels_of(one), pixels_of(crop))
    assert difference(pixels_of(one), pixels_of(one)) == 0
    assert difference(pixels_of(crop), pixels_of(one)) == alike
    assert alike < 5
    assert difference(pixels_of(one), pixels_of(other)) > 40


def test_copies_are_found_and_strangers_are_not(tmp_path: Path) -> None:
    with store_of(tmp_path, {f"{seed}": scene(seed) for seed in range(60)}) as searcher:
        found = radius_of_copies(searcher)
    assert (found.sample, found.whole, found.alike) == (60, 60, 0)
    assert found.found["re-encoded"] == 1
    assert min(found.found.values()) > 0.5
    assert found.strangers_share <= 0.01
    assert found.strangers_share == found.strangers / (found.strangers + 60 * sum(found.found.values()))


def test_copies_that_the_store_holds_already_are_no_strangers(tmp_path: Path) -> None:
    scenes = {f"{seed}": scene(seed) for seed in range(60)}
    copies = {f"copy of {key}": KINDS["re-encoded"](image) for key, image in scenes.items()}
    with store_of(tmp_path, scenes | copies) as searcher:
        found = duplicates_of(searcher)
    assert found.auto is not None
    assert found.auto.alike >= 120
    assert found.auto.found["re-encoded"] == 1
    assert {(group.kept.key, hit.key) for group in found.groups for hit in group.others} >= {
        (key, f"copy of {key}") for key in scenes
    }


def test_a_larger_picture_is_copied_as_its_thumbnail(tmp_path: Path) -> None:
    with store_of(tmp_path, {f"{seed}": scene(seed, 48 if seed % 2 else 200) for seed in range(40)}) as searcher:
        found = radius_of_copies(searcher)
    assert (found.sample, found.whole) == (40, 20)
    assert found.found["re-encoded"] == 1
    assert found.sentence().startswith(
        f"radius {found.radius:.4g}, from copies of 40 sampled pictures (20 as thumbnails)"
    )


def test_of_pictures_that_copying_does_not_change_the_radius_is_nothing(tmp_path: Path) -> None:
    with grey_searcher(tmp_path, {f"{level}": level for level in range(0, 200, 8)}) as searcher:
        found = radius_of_copies(searcher)
    every = {"re-encoded": 1.0, "resized": 1.0, "cropped": 1.0}
    nothing: float = pytest.approx(0, abs=1e-6)  # type: ignore[assignment]
    assert found == CopyRadius(nothing, 25, 25, every, 0, 0.0, 0)
    assert found.as_json() == {
        "radius": nothing,
        "sample": 25,
        "whole": 25,
        "found": every,
        "strangers": 0,
        "strangers_share": 0.0,
        "alike": 0,
    }


def test_how_a_radius_was_found_is_said_in_a_sentence() -> None:
    found = {"re-encoded": 1.0, "resized": 0.5, "cropped": 0.251}
    assert CopyRadius(0.08, 1256, 1256, found, 4, 0.0096, 0).sentence() == (
        "radius 0.08, from copies of 1,256 sampled pictures: it finds 100% of the re-encoded, 50% of the resized, "
        "25% of the cropped, and 4 strangers (1.0% of all found)"
    )


def test_the_same_store_gives_the_same_radius(tmp_path: Path) -> None:
    with store_of(tmp_path, {f"{seed}": scene(seed) for seed in range(30)}) as searcher:
        assert radius_of_copies(searcher) == radius_of_copies(searcher)


def test_a_store_without_pictures_has_no_radius_of_its_own(tmp_path: Path) -> None:
    with grey_searcher(tmp_path) as searcher, Store.create(tmp_path / "bare", searcher.store.embedding) as bare:
        bare.append([NewItem("a", b"a"), NewItem("b", b"b")], searcher.store.vectors([0, 1]))
    with Searcher.open(tmp_path / "bare", make_backbone=toy_backbone()) as opened, pytest.raises(RadiusUnknown) as no:
        duplicates_of(opened)
    assert str(no.value) == (
        f"expected pictures in {tmp_path / 'bare'} to find a radius with, got 2 items without: give one with --radius"
    )


def test_strangers_that_are_as_near_as_copies_leave_no_radius(tmp_path: Path) -> None:
    def speckles(seed: int) -> Image:
        """Return a picture half of whose pixels are white in each quarter: to the toy backbone all are the same."""
        half = np.repeat([0, 255], 32).astype(np.uint8)
        shuffled = [np.random.default_rng((seed, quarter)).permutation(half).reshape(8, 8) for quarter in range(4)]
        return np.block([shuffled[:2], shuffled[2:]])

    pictures = {f"{seed}": speckles(seed) for seed in range(20)}
    with store_of(tmp_path, pictures) as searcher, pytest.raises(RadiusUnknown) as refused:
        radius_of_copies(searcher)
    assert str(refused.value).startswith("expected copies of the store's pictures nearer to them than others, got ")
    assert str(refused.value).endswith(" others as near as 60 copies: give a radius with --radius")
