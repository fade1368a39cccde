"""Altered copies of images: how they are made, and how often they find their original."""

from dataclasses import asdict

import cv2
import numpy as np
import pytest

from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures.altered_copies import ALTERATIONS, measure_copies
from ingest.images.images import Image
from ingest.sources import InMemorySource, SourceImage
from tests.toys import TOY, grey, grey_source, toy_backbone


def ramp(side: int = 100) -> Image:
    """Return a colour image that brightens from left to right."""
    grey = np.tile(np.linspace(20, 180, side).astype(np.uint8), (side, 1))
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)


def test_alterations_do_what_their_names_say() -> None:
    image = ramp()
    copies = {kind: alter(image) for kind, alter in ALTERATIONS.items()}
    assert {kind: copy.shape for kind, copy in copies.items()} == {
        "JPEG quality 30": (100, 100, 3),
        "half size": (50, 50, 3),
        "centre crop 80 %": (80, 80, 3),
        "centre crop 60 %": (60, 60, 3),
        "turned by 10°": (100, 100, 3),
        "mirrored": (100, 100, 3),
        "grey": (100, 100),
        "text across": (100, 100, 3),
        "black border of 1/8": (124, 124, 3),
        "40 % brighter": (100, 100, 3),
    }
    assert 0 < np.abs(copies["JPEG quality 30"].astype(int) - image).max() < 20
    np.testing.assert_array_equal(copies["centre crop 80 %"], image[10:90, 10:90])
    np.testing.assert_array_equal(copies["centre crop 60 %"], image[20:80, 20:80])
    np.testing.assert_array_equal(copies["mirrored"], image[:, ::-1])
    np.testing.assert_array_equal(copies["grey"], image[:, :, 0])
    np.testing.assert_array_equal(copies["40 % brighter"], np.minimum(np.rint(image * 1.4), 255).astype(np.uint8))
    np.testing.assert_array_equal(copies["black border of 1/8"][12:112, 12:112], image)
    assert np.count_nonzero(copies["black border of 1/8"]) == np.count_nonzero(image)
    written = np.flatnonzero((copies["text across"] != image).any(axis=(0, 2)))
    assert (written.min(), written.max()) == (5, 90)
    assert copies["turned by 10°"][0, 0].tolist() == [0, 0, 0]
    np.testing.assert_array_equal(copies["turned by 10°"][50, 50], image[50, 50])


def test_grey_images_and_images_of_one_pixel_can_be_altered() -> None:
    for alter in ALTERATIONS.values():
        assert alter(grey(7, 1)).shape == (1, 1)
        assert alter(grey(7, 40)).ndim == 2


def test_copies_that_resemble_no_other_image_find_their_original() -> None:
    report = measure_copies(grey_source({"a": 0, "b": 120}), TOY, make_backbone=toy_backbone())
    assert asdict(report) == {
        "recipe": "toy",
        "source": "greys",
        "originals": 2,
        "recall_at_1": 1.0,
        "ci95": pytest.approx((0.839, 1.0), abs=1e-3),
        "by_kind": dict.fromkeys(ALTERATIONS, 1.0),
    }


def test_copies_that_resemble_another_image_more_count_as_misses() -> None:
    # 40 % brighter, 75 is 105 and nearest to 100; with a black border, 100 is 64 on average and nearest to 75.
    report = measure_copies(grey_source({"a": 100, "b": 75}), TOY, make_backbone=toy_backbone())
    assert {kind for kind, share in report.by_kind.items() if share == 0.5} == {"40 % brighter", "black border of 1/8"}
    assert list(report.table().columns[1].cells)[9:] == ["0.5000", "0.9000 (0.699 to 0.972)"]


def test_unreadable_images_and_repeated_images_are_skipped() -> None:
    source = InMemorySource(
        "some",
        [
            SourceImage("a", lambda: grey(0)),
            SourceImage("again", lambda: grey(0)),
            SourceImage("no image", lambda: b"no image"),
            SourceImage("b", lambda: grey(120)),
        ],
    )
    assert measure_copies(source, TOY, make_backbone=toy_backbone()).originals == 2


def test_a_source_of_one_image_is_refused() -> None:
    with pytest.raises(UnfitForBenchmark) as refused:
        measure_copies(grey_source({"a": 1, "again": 1}), TOY, make_backbone=toy_backbone())
    assert str(refused.value) == ("expected at least 2 different images in greys, got 1: name a larger source")
