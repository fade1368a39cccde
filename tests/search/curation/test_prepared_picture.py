"""What is prepared of a picture for its comparison."""

import cv2
import numpy as np
import pytest

from search.curation.prepared_picture import prepared
from tests.search.curation.scenes import scene


def test_the_features_of_the_mirror_image_are_those_that_are_found_in_it() -> None:
    picture = scene(1, 256, 256)
    mirrored = prepared(picture).features[1]
    found = prepared(np.ascontiguousarray(picture[:, ::-1])).features[0]
    apart = np.linalg.norm(mirrored.points[:, np.newaxis] - found.points, axis=2)
    near = apart.argmin(axis=1)[apart.min(axis=1) < 0.004]
    here = np.flatnonzero(apart.min(axis=1) < 0.004)
    assert len(here) > len(mirrored.points) / 2
    differences = np.linalg.norm(mirrored.descriptors[here] - found.descriptors[near], axis=1)
    strangers = np.linalg.norm(mirrored.descriptors[here] - np.roll(found.descriptors[near], 1, axis=0), axis=1)
    assert np.median(differences) < np.median(strangers) / 4


def test_no_features_are_sought_in_a_picture_of_one_grey(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise AssertionError("expected no search for features")

    monkeypatch.setattr(cv2.SIFT, "create", refuse)
    picture = prepared(np.full((40, 60, 3), 90, np.uint8))
    assert [len(features.points) for features in picture.features] == [0, 0]
