"""The reduction of features before a layer is trained on them, and its composition with the layer."""

import numpy as np
import pytest

from ingest.embedding.heads import TrainedDense, TrainedHead, TrainedPerceptron
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.training.reduction import fit_reduction


def features(images: int, width: int) -> Float32Array:
    spread = np.random.default_rng(4).standard_normal((images, width)) / np.arange(1, width + 1)
    return np.asarray(100 * spread + 7, np.float32)


def test_reduced_features_have_a_mean_variance_of_one_and_half_precision() -> None:
    reduced = fit_reduction(features(50, 8), seed=0, dim=512)(features(50, 8))
    assert (reduced.shape, str(reduced.dtype)) == ((50, 8), "float16")
    assert np.mean(np.square(reduced, dtype=np.float64)) == pytest.approx(1, abs=1e-3)


def test_features_of_many_dimensions_are_reduced_to_the_directions_of_most_variance() -> None:
    data = features(200, 8)
    fitted = fit_reduction(data, seed=0, dim=3)
    assert fitted(data).shape == (200, 3)
    basis = fitted.components / np.linalg.norm(fitted.components, axis=0)
    np.testing.assert_allclose(basis.T @ basis, np.eye(3), atol=1e-5)
    centred = data - data.mean(axis=0)
    variance, total = np.square(centred @ basis).sum(), np.square(centred).sum()
    best = np.square(np.linalg.svd(centred, compute_uv=False)[:3]).sum()
    # One iteration finds them approximately.
    assert 0.9 * best < variance <= best * 1.0001 < total


def arrays(*shapes: tuple[int, ...]) -> list[Float32Array]:
    generator = np.random.default_rng(5)
    return [generator.standard_normal(shape).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize(
    "head",
    [TrainedDense(*arrays((8, 4), (4,))), TrainedPerceptron(*arrays((8, 6), (6,), (6, 4), (4,)))],
    ids=["one layer", "two layers"],
)
def test_a_head_on_reduced_features_is_composed_to_one_on_the_features(head: TrainedHead) -> None:
    data = features(50, 8)
    fitted = fit_reduction(data, seed=0, dim=512)
    composed = fitted.compose(head)
    assert type(composed) is type(head)
    np.testing.assert_allclose(composed(data), head(fitted(data).astype(np.float32)), atol=5e-3)


def test_huge_features_stay_finite_in_half_precision() -> None:
    fitted = fit_reduction(features(50, 8), seed=0, dim=512)
    assert np.isfinite(fitted(np.full((1, 8), 1e9, np.float32))).all()


def test_identical_images_are_reduced_to_zeros() -> None:
    identical = np.full((5, 8), 0.25, np.float32)
    np.testing.assert_array_equal(fit_reduction(identical, seed=0, dim=512)(identical), np.zeros((5, 8), np.float16))
