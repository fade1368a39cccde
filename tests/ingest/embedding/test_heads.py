"""Heads: the untrained Dense layer, and the principal component analysis."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from ingest.embedding.heads import Dense, Pca, Trained, Whitened, fit_head, restore_head
from ingest.embedding.network.backbone import Floats
from ingest.embedding.recipes import Recipe
from ingest.errors import RecipeUnusable
from tests.programs import printed_by

DENSE = Recipe("toy", side=4, interpolation="area", layer="toy", unit_length=False, head="dense", dim=3, seed=5)
REDUCED = Recipe("toy", side=4, interpolation="area", layer="toy", unit_length=False, head="pca", dim=4, seed=5)

WHITENED = dataclasses.replace(REDUCED, whiten=1.0)
BARE = dataclasses.replace(REDUCED, head="none", dim=10)
TRAINED = dataclasses.replace(REDUCED, head="trained")


def features(images: int, width: int, seed: int = 1) -> Floats:
    """Return features that spread less and less from one dimension to the next."""
    spread = np.random.default_rng(seed).standard_normal((images, width)) / np.arange(1, width + 1)
    return np.asarray(spread + 3, np.float32)


def distances(vectors: Floats) -> NDArray[np.float64]:
    """Return the Euclidean distance of every vector to every other, (n, n)."""
    wide = np.asarray(vectors, np.float64)
    return np.asarray(np.linalg.norm(wide[:, np.newaxis] - wide[np.newaxis], axis=2), np.float64)


def test_dense_is_the_positive_part_of_a_product_and_a_bias() -> None:
    head = Dense(np.array([[1, -1], [2, 3]], np.float32), np.array([10, -20], np.float32))
    vectors = head(np.array([[1, 2], [4, 8]], np.float32))
    # 1 + 4 + 10 and -1 + 6 - 20, then 4 + 16 + 10 and -4 + 24 - 20.
    assert vectors.tolist() == [[15.0, 0.0], [30.0, 0.0]]
    assert vectors.dtype == np.float32


def test_pca_is_what_lies_off_the_mean_along_the_components() -> None:
    head = Pca(np.array([1, 2, 3], np.float32), np.array([[0, 1], [1, 0], [0, 0]], np.float32))
    vectors = head(np.array([[1, 2, 3], [5, 7, 9]], np.float32))
    assert vectors.tolist() == [[0.0, 0.0], [5.0, 4.0]]
    assert vectors.dtype == np.float32


def test_whitened_vectors_have_length_one() -> None:
    head = Whitened(np.array([1, 2], np.float32), np.array([[3, 0], [0, 4]], np.float32))
    assert head(np.array([[2, 3], [1, 3], [1, 2]], np.float32)).tolist() == [
        pytest.approx([0.6, 0.8]),
        [0.0, 1.0],
        [0.0, 0.0],
    ]


def test_a_trained_layer_is_a_product_and_a_bias_of_length_one() -> None:
    head = Trained(np.array([[1, 0], [0, 2]], np.float32), np.array([2, 0], np.float32))
    vectors = head(np.array([[1, 2], [0, 0]], np.float32))
    assert vectors.tolist() == [pytest.approx([0.6, 0.8]), [1.0, 0.0]]
    assert vectors.dtype == np.float32


def test_without_a_head_the_features_are_the_vectors() -> None:
    some = features(images=3, width=10)
    head = fit_head(BARE, some)
    assert (head.arrays(), head(some) is some) == ({}, True)


def test_a_trained_head_cannot_be_fitted_without_labels() -> None:
    with pytest.raises(RecipeUnusable) as refused:
        fit_head(TRAINED, features(images=3, width=10))
    assert str(refused.value) == (
        "expected a head that is fitted without labels, got the recipe toy, whose head is trained: ingest labelled "
        "images with it"
    )


@pytest.mark.parametrize(("power", "ratio"), [(1.0, 1.0), (0.5, 2.0), (0.25, 4**0.75)])
def test_whitening_divides_each_component_by_its_deviation_to_a_power(power: float, ratio: float) -> None:
    # Two directions with deviations of 4 to 1, and no others.
    corners = np.array([[4, 1], [4, -1], [-4, 1], [-4, -1]], np.float32) + 7
    head = fit_head(dataclasses.replace(REDUCED, dim=2, whiten=power), corners)
    assert isinstance(head, Whitened)
    x, y = np.abs(head(corners)[0])
    assert x / y == pytest.approx(ratio, rel=1e-5)


def test_directions_that_few_images_do_not_determine_are_whitened_like_the_last_that_they_do() -> None:
    few = features(images=4, width=12)
    head = fit_head(dataclasses.replace(WHITENED, dim=8), few)
    assert isinstance(head, Whitened)
    lengths = np.linalg.norm(head.components, axis=0)
    np.testing.assert_allclose(lengths[3:], lengths[2], rtol=1e-5)
    assert lengths[0] < lengths[1] < lengths[2]


def test_images_that_are_all_alike_are_whitened_to_nothing_without_a_fault() -> None:
    alike = np.full((5, 12), 0.25, np.float32)
    np.testing.assert_array_equal(fit_head(WHITENED, alike)(alike), np.zeros((5, 4), np.float32))


def test_an_untrained_layer_is_glorot_uniform_and_the_same_for_a_seed_for_ever() -> None:
    head = fit_head(DENSE, features(images=1, width=6))
    assert isinstance(head, Dense)
    # The limit is the square root of 6 / (6 + 3).
    drawn = np.random.RandomState(5).uniform(-np.sqrt(6 / 9), np.sqrt(6 / 9), (6, 3))
    np.testing.assert_array_equal(head.kernel, drawn.astype(np.float32))
    np.testing.assert_array_equal(head.bias, np.zeros(3, np.float32))
    # MT19937 seeded with 5 begins with 0.22199317: (2 x 0.22199317 - 1) x 0.81649658.
    assert float(head.kernel[0, 0]) == pytest.approx(-0.45398325, abs=1e-7)


def test_an_untrained_layer_does_not_depend_on_the_images_but_on_the_seed() -> None:
    first = fit_head(DENSE, features(images=1, width=6)).arrays()["kernel"]
    same = fit_head(DENSE, features(images=9, width=6, seed=2)).arrays()["kernel"]
    other = fit_head(dataclasses.replace(DENSE, seed=6), features(images=1, width=6)).arrays()["kernel"]
    np.testing.assert_array_equal(same, first)
    assert not np.isclose(other, first).any()


def test_vectors_lie_as_far_apart_as_in_scikit_learns_projection() -> None:
    fitted_on, later = features(images=60, width=10), features(images=20, width=10, seed=2)
    head = fit_head(REDUCED, fitted_on)
    peer = PCA(4, svd_solver="full").fit(fitted_on)
    np.testing.assert_allclose(distances(head(fitted_on)), distances(peer.transform(fitted_on)), atol=1e-5)
    np.testing.assert_allclose(distances(head(later)), distances(peer.transform(later)), atol=1e-5)


def test_the_components_hold_nearly_all_of_the_variance_that_exact_ones_do() -> None:
    # As an ingest has them: many more features than are kept, and deviations that fall off slowly.
    some = features(images=600, width=500) - np.float32(3)
    some *= np.sqrt(np.arange(1, 501, dtype=np.float32))
    head = fit_head(dataclasses.replace(REDUCED, dim=32), some)
    exact = PCA(32, svd_solver="full").fit(some.astype(np.float64))
    held = float(head(some).var(axis=0, ddof=1, dtype=np.float64).sum() / exact.explained_variance_.sum())
    assert 0.9985 < held <= 1 + 1e-6


def test_fitting_needs_no_scikit_learn_which_takes_a_second_to_load() -> None:
    program = (
        "import sys, numpy as np; from ingest.embedding.heads import fit_head; "
        "from ingest.embedding.recipes import RECIPES; "
        "fit_head(RECIPES['retrieval'], np.eye(200, dtype=np.float32)); print('sklearn' in sys.modules)"
    )
    assert printed_by(program) == "False\n"


def test_the_vectors_of_the_images_it_was_fitted_on_are_centred() -> None:
    fitted_on = features(images=60, width=10)
    np.testing.assert_allclose(fit_head(REDUCED, fitted_on)(fitted_on).mean(axis=0), np.zeros(4), atol=1e-6)


def test_fitting_again_on_the_same_images_gives_the_same_bits() -> None:
    first, second = (fit_head(REDUCED, features(images=60, width=10)).arrays() for _ in range(2))
    np.testing.assert_array_equal(first["mean"], second["mean"])
    np.testing.assert_array_equal(first["components"], second["components"])


@pytest.mark.parametrize("images", [1, 2, 3, 8, 9, 40])
def test_the_components_are_orthonormal_and_all_there_however_few_the_images(images: int) -> None:
    head = fit_head(dataclasses.replace(REDUCED, dim=8), features(images, width=12))
    assert isinstance(head, Pca)
    assert head.components.shape == (12, 8)
    np.testing.assert_allclose(head.components.T @ head.components, np.eye(8), atol=1e-6)


def test_the_first_components_are_those_that_few_images_determine() -> None:
    few = features(images=4, width=12)
    head = fit_head(dataclasses.replace(REDUCED, dim=8), few)
    assert isinstance(head, Pca)
    peer = PCA(3, svd_solver="full").fit(few)
    # A principal component has no sign.
    np.testing.assert_allclose(np.abs(head.components[:, :3].T @ peer.components_.T), np.eye(3), atol=1e-5)
    np.testing.assert_allclose(distances(head(few)), distances(few), atol=1e-5)


@pytest.mark.parametrize("images", [1, 3, 12, 40])
def test_a_head_may_have_as_many_dimensions_as_there_are_features(images: int) -> None:
    some = features(images, width=12)
    head = fit_head(dataclasses.replace(REDUCED, dim=12), some)
    assert head(some).shape == (images, 12)
    # Turned and shifted, and nothing lost.
    np.testing.assert_allclose(distances(head(some)), distances(some), atol=1e-5)


@pytest.mark.parametrize("dim", [13, 0, -1])
@pytest.mark.parametrize("images", [1, 40])
def test_a_principal_component_analysis_has_no_more_dimensions_than_features(dim: int, images: int) -> None:
    with pytest.raises(RecipeUnusable) as refused:
        fit_head(dataclasses.replace(REDUCED, dim=dim), features(images, width=12))
    assert str(refused.value) == (
        f"expected 1 to 12 dimensions, as many as features, in the recipe toy, got {dim}: change its `dim`"
    )


def test_an_untrained_layer_may_have_more_dimensions_than_features_but_not_none() -> None:
    some = features(images=2, width=6)
    assert fit_head(dataclasses.replace(DENSE, dim=9), some)(some).shape == (2, 9)
    with pytest.raises(RecipeUnusable) as refused:
        fit_head(dataclasses.replace(DENSE, dim=0), some)
    assert str(refused.value) == "expected at least 1 dimension in the recipe toy, got 0: change its `dim`"


def test_images_that_are_all_alike_give_orthonormal_components_too() -> None:
    alike = np.full((5, 12), 0.25, np.float32)
    head = fit_head(dataclasses.replace(REDUCED, dim=8), alike)
    assert isinstance(head, Pca)
    np.testing.assert_allclose(head.components.T @ head.components, np.eye(8), atol=1e-6)
    np.testing.assert_array_equal(head(alike), np.zeros((5, 8), np.float32))


@pytest.mark.parametrize("recipe", [BARE, DENSE, REDUCED, WHITENED], ids=["none", "dense", "pca", "whitened"])
def test_a_head_is_the_same_after_it_was_kept_as_arrays(recipe: Recipe) -> None:
    some = features(images=20, width=10)
    head = fit_head(recipe, some)
    restored = restore_head(recipe, {name: array.copy() for name, array in head.arrays().items()})
    assert type(restored) is type(head)
    np.testing.assert_array_equal(restored(some), head(some))


@pytest.mark.parametrize("recipe", [DENSE, REDUCED, WHITENED], ids=["dense", "pca", "whitened"])
def test_a_row_has_the_same_bits_wherever_it_stands(recipe: Recipe) -> None:
    some = features(images=64, width=500)
    head = fit_head(recipe, some)
    np.testing.assert_array_equal(head(some[::-1]), head(some)[::-1])
    np.testing.assert_array_equal(head(some[5:6]), head(some)[5:6])
