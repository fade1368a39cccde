"""The images that a new store's head is fitted on."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ingest.embedding.features import network_input
from ingest.pipeline import fitting
from ingest.sources import InMemorySource, SourceImage
from storage import Store
from tests.ingest.jobs import contents, job, noise_source, outcome
from tests.toys import TOY, ToyBackbone


@pytest.mark.parametrize(("images", "fitted_on"), [(4, 4), (5, 3), (8, 4), (9, 3), (10, 4)])
def test_a_head_is_fitted_on_a_sample_spread_over_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, images: int, fitted_on: int
) -> None:
    monkeypatch.setattr(fitting, "FIT_SAMPLE", 4)
    job(noise_source(images), tmp_path / "store")
    step = -(-images // fitted_on)
    sample = [np.asarray(image.read(), np.uint8) for image in noise_source(images)][::step]
    with Store.open(tmp_path / "store") as store:
        assert store.embedding.spec["fitted_on"] == len(sample) == fitted_on
        mean = np.mean([picture.mean() / 255 for picture in sample])
        assert store.embedding.arrays["head.mean"].mean() == pytest.approx(mean, abs=1e-3)


def test_a_head_that_is_not_fitted_needs_the_first_readable_image_only(tmp_path: Path) -> None:
    drawn = dataclasses.replace(TOY, head="dense")
    source = InMemorySource("mixed", [SourceImage("a", lambda: b""), *noise_source(20)])
    reports: list[tuple[int, int]] = []
    report = job(
        source,
        tmp_path / "store",
        recipe=drawn,
        on_progress=lambda progress: reports.append((progress.fitted, progress.to_fit)),
    )
    assert outcome(report) == (20, 0, 0, 1, 20)
    assert reports[:2] == [(0, 1), (1, 1)]
    with Store.open(tmp_path / "store") as store:
        assert store.embedding.spec["fitted_on"] == 1


@pytest.mark.parametrize("images", [1, 2, 3])
def test_fewer_images_than_dimensions_make_a_store_that_finds_later_ones(tmp_path: Path, images: int) -> None:
    job(noise_source(images), tmp_path / "store")
    job(noise_source(6), tmp_path / "store")
    pictures = [np.asarray(image.read(), np.uint8) for image in noise_source(6)]
    inputs = np.array([network_input(TOY, picture) for picture in pictures] + [np.zeros((4, 4, 3), np.float32)] * 2)
    features = ToyBackbone().features(inputs)[:6]
    # A head from four features to four dimensions only rotates and shifts, on whatever images it is fitted.
    _, _, vectors = contents(tmp_path / "store")
    distances, expected = (np.linalg.norm(rows[:, None] - rows[None], axis=2) for rows in (vectors, features))
    np.testing.assert_allclose(distances, expected, atol=1e-6)
