"""The radius at which perturbed copies of a store's own images are found."""

from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.job import ingest
from ingest.sources import InMemorySource, SourceImage
from search.curation.auto_radius import AutoRadius, find_auto_radius
from search.curation.duplicates import find_duplicates
from search.curation.perturbations import PERTURBATIONS
from search.curation.pixel_difference import comparable, pixel_difference
from search.errors import RadiusUnknown
from search.searcher import Searcher
from storage import NewItem, Store
from storage.locations.location_of import location_of
from tests.errors import exactly
from tests.search.stores import grey_searcher
from tests.toys import TOY, toy_backbone

Image = NDArray[np.uint8]


def scene(seed: int, side: int = 48) -> Image:
    """Return a picture of soft blotches."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4)).astype(np.float32)
    return np.clip(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)


def store_of(folder: Path, images: dict[str, Image]) -> Searcher:
    source_images = [SourceImage(key, partial(np.copy, image), None) for key, image in images.items()]
    ingest(InMemorySource("scenes", source_images), folder / "store", recipe=TOY, make_backbone=toy_backbone())
    return Searcher.open(folder / "store", make_backbone=toy_backbone())


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 3), (9, 40), (1, 1), (2, 3, 3), (3, 2)], ids=str)
def test_a_perturbed_image_has_the_dtype_and_channels_of_the_original(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(31).integers(0, 256, shape).astype(np.uint8)
    for perturb in PERTURBATIONS.values():
        copy = perturb(image)
        assert (str(copy.dtype), copy.ndim) == ("uint8", len(shape))
        assert copy.size > 0


def test_a_perturbation_does_what_its_name_says() -> None:
    image = scene(1, 40)
    copies = {name: perturb(image) for name, perturb in PERTURBATIONS.items()}
    assert {name: copy.shape for name, copy in copies.items()} == {
        "re-encoded": (40, 40),
        "resized": (30, 30),
        "cropped": (38, 38),
    }
    np.testing.assert_array_equal(copies["cropped"], image[1:-1, 1:-1])
    assert 0 < np.abs(copies["re-encoded"].astype(int) - image).max() < 20


def test_an_image_differs_little_from_its_crop_and_much_from_another_image() -> None:
    image, other = scene(1), scene(2)
    crop = np.ascontiguousarray(image[2:, 3:46])
    difference = pixel_difference(comparable(image), comparable(crop))
    assert pixel_difference(comparable(image), comparable(image)) == 0
    assert pixel_difference(comparable(crop), comparable(image)) == difference
    assert difference < 5
    assert pixel_difference(comparable(image), comparable(other)) > 40


def test_copies_are_found_with_few_false_matches(tmp_path: Path) -> None:
    with store_of(tmp_path, {f"{seed}": scene(seed) for seed in range(60)}) as searcher:
        auto = find_auto_radius(searcher)
    assert (auto.sample_size, auto.full_size, auto.duplicates) == (60, 60, 0)
    assert auto.recall["re-encoded"] == 1
    assert min(auto.recall.values()) > 0.5
    assert auto.false_match_share <= 0.01
    assert auto.false_match_share == auto.false_matches / (auto.false_matches + 60 * sum(auto.recall.values()))


def test_duplicates_that_the_store_already_holds_are_not_false_matches(tmp_path: Path) -> None:
    scenes = {f"{seed}": scene(seed) for seed in range(60)}
    copies = {f"copy of {key}": PERTURBATIONS["re-encoded"](image) for key, image in scenes.items()}
    with store_of(tmp_path, scenes | copies) as searcher:
        duplicates = find_duplicates(searcher)
    assert duplicates.auto is not None
    assert duplicates.auto.duplicates >= 120
    assert duplicates.auto.recall["re-encoded"] == 1
    assert {(group.kept.key, member.key) for group in duplicates.groups for member in group.others} >= {
        (key, f"copy of {key}") for key in scenes
    }


def test_the_thumbnail_of_a_larger_image_is_perturbed(tmp_path: Path) -> None:
    with store_of(tmp_path, {f"{seed}": scene(seed, 48 if seed % 2 else 200) for seed in range(40)}) as searcher:
        auto = find_auto_radius(searcher)
    assert (auto.sample_size, auto.full_size) == (40, 20)
    assert auto.recall["re-encoded"] == 1
    assert auto.sentence().startswith(
        f"radius {auto.radius:.4g}, from perturbed copies of 40 sampled images (20 as thumbnails)"
    )


def test_the_radius_is_zero_if_perturbations_change_no_image(tmp_path: Path) -> None:
    with grey_searcher(tmp_path, {f"{level}": level for level in range(0, 200, 8)}) as searcher:
        auto = find_auto_radius(searcher)
    every = {"re-encoded": 1.0, "resized": 1.0, "cropped": 1.0}
    zero: float = pytest.approx(0, abs=1e-6)  # type: ignore[assignment]
    assert auto == AutoRadius(zero, 25, 25, every, 0, 0.0, 0)
    assert auto.as_json() == {
        "radius": zero,
        "sample": 25,
        "whole": 25,
        "found": every,
        "strangers": 0,
        "strangers_share": 0.0,
        "alike": 0,
    }


def test_a_sentence_says_how_the_radius_was_chosen() -> None:
    recall = {"re-encoded": 1.0, "resized": 0.5, "cropped": 0.251}
    assert AutoRadius(0.08, 1256, 1256, recall, 4, 0.0096, 0).sentence() == (
        "radius 0.08, from perturbed copies of 1,256 sampled images: it finds 100% of the re-encoded, "
        "50% of the resized, 25% of the cropped, with 4 false matches (1.0% of all matches)"
    )


def test_the_same_store_gives_the_same_radius(tmp_path: Path) -> None:
    with store_of(tmp_path, {f"{seed}": scene(seed) for seed in range(30)}) as searcher:
        assert find_auto_radius(searcher) == find_auto_radius(searcher)


def test_no_radius_can_be_chosen_for_a_store_without_thumbnails(tmp_path: Path) -> None:
    with grey_searcher(tmp_path) as searcher, Store.create(tmp_path / "bare", searcher.store.embedding) as bare:
        bare.append([NewItem("a", b"a"), NewItem("b", b"b")], searcher.store.vectors([0, 1]))
    with Searcher.open(tmp_path / "bare", make_backbone=toy_backbone()) as opened, pytest.raises(RadiusUnknown) as no:
        find_duplicates(opened)
    assert str(no.value) == (
        f"expected thumbnails in {tmp_path / 'bare'} to choose a radius from, got 2 items without any: "
        "give a radius with --radius"
    )


def test_a_store_on_a_server_without_thumbnails_is_named_by_its_address(
    searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searcher.store, "location", location_of("postgresql://user:secret@host/database"))
    monkeypatch.setattr(searcher.store, "thumbnails", lambda _: {})
    message = (
        "expected thumbnails in postgresql+psycopg://user:***@host/database to choose a radius from, "
        "got 4 items without any: give a radius with --radius"
    )
    with pytest.raises(RadiusUnknown, match=exactly(message)):
        find_duplicates(searcher)


def test_no_radius_can_be_chosen_if_other_items_are_as_near_as_copies(tmp_path: Path) -> None:
    def speckles(seed: int) -> Image:
        """Return a picture half of whose pixels are white in each quarter: to the toy backbone all are the same."""
        half = np.repeat([0, 255], 32).astype(np.uint8)
        shuffled = [np.random.default_rng((seed, quarter)).permutation(half).reshape(8, 8) for quarter in range(4)]
        return np.block([shuffled[:2], shuffled[2:]])

    pictures = {f"{seed}": speckles(seed) for seed in range(20)}
    with store_of(tmp_path, pictures) as searcher, pytest.raises(RadiusUnknown) as refused:
        find_auto_radius(searcher)
    # The toy backbone embeds all of them alike, so each of the 60 copies is as near to the 19 other images.
    assert str(refused.value) == (
        "expected perturbed copies of the store's images nearer to them than other items, "
        "got 1,140 items as near as 60 copies: give a radius with --radius"
    )
