"""Heads: none, the random and the trained dense layer, and PCA with and without whitening."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from ingest.embedding.heads import (
    NormalizedProjection,
    Pca,
    RandomDense,
    TrainedDense,
    TrainedPerceptron,
    fit_head,
    head_arrays,
    restore_head,
)
from ingest.embedding.heads.perceptron import HIDDEN
from ingest.embedding.linalg.arrays import Float32Array, normalize_rows
from ingest.embedding.recipes import Recipe
from ingest.errors import RecipeUnusable
from tests.errors import error_message
from tests.processes import printed_by

RANDOM_DENSE = Recipe("toy", side=4, interpolation="area", layer="toy", unit_length=False, head="dense", dim=3, seed=5)
PCA_RECIPE = Recipe("toy", side=4, interpolation="area", layer="toy", unit_length=False, head="pca", dim=4, seed=5)

WHITENED = dataclasses.replace(PCA_RECIPE, whiten=1.0)
IDENTITY = dataclasses.replace(PCA_RECIPE, head="none", dim=10)
TRAINED_DENSE = dataclasses.replace(PCA_RECIPE, head="trained")


def features(images: int, width: int, seed: int = 1) -> Float32Array:
    """Return features whose variance decreases from each dimension to the next."""
    spread = np.random.default_rng(seed).standard_normal((images, width)) / np.arange(1, width + 1)
    return np.asarray(spread + 3, np.float32)


def distances(vectors: Float32Array) -> NDArray[np.float64]:
    """Return the Euclidean distances of all pairs of vectors, (n, n)."""
    wide = np.asarray(vectors, np.float64)
    return np.asarray(np.linalg.norm(wide[:, np.newaxis] - wide[np.newaxis], axis=2), np.float64)


def test_a_random_layer_is_the_positive_part_of_a_product_and_a_bias() -> None:
    head = RandomDense(np.array([[1, -1], [2, 3]], np.float32), np.array([10, -20], np.float32))
    vectors = head(np.array([[1, 2], [4, 8]], np.float32))
    # 1 + 4 + 10 and -1 + 6 - 20, then 4 + 16 + 10 and -4 + 24 - 20.
    assert vectors.tolist() == [[15.0, 0.0], [30.0, 0.0]]
    assert vectors.dtype == np.float32


def test_pca_projects_the_difference_to_the_mean_on_the_components() -> None:
    head = Pca(np.array([1, 2, 3], np.float32), np.array([[0, 1], [1, 0], [0, 0]], np.float32))
    vectors = head(np.array([[1, 2, 3], [5, 7, 9]], np.float32))
    assert vectors.tolist() == [[0.0, 0.0], [5.0, 4.0]]
    assert vectors.dtype == np.float32


def test_whitened_vectors_have_length_one() -> None:
    head = NormalizedProjection(np.array([1, 2], np.float32), np.array([[3, 0], [0, 4]], np.float32))
    assert head(np.array([[2, 3], [1, 3], [1, 2]], np.float32)).tolist() == [
        pytest.approx([0.6, 0.8]),
        [0.0, 1.0],
        [0.0, 0.0],
    ]


def test_a_trained_layer_is_a_product_and_a_bias_scaled_to_length_one() -> None:
    head = TrainedDense(np.array([[1, 0], [0, 2]], np.float32), np.array([2, 0], np.float32))
    vectors = head(np.array([[1, 2], [0, 0]], np.float32))
    assert vectors.tolist() == [pytest.approx([0.6, 0.8]), [1.0, 0.0]]
    assert vectors.dtype == np.float32


def test_a_trained_perceptron_is_a_layer_on_the_positive_part_of_another_scaled_to_length_one() -> None:
    hidden = np.array([[1, -1, 0], [0, 1, 2]], np.float32), np.array([0, 0, -2], np.float32)
    head = TrainedPerceptron(*hidden, np.array([[1, 0], [5, 5], [0, 1]], np.float32), np.array([1, -2], np.float32))
    # The hidden layer is 2, 0 (not -1) and 0 for the first, and 0, 4 and 6 for the second.
    vectors = head(np.array([[2, 1], [0, 4]], np.float32))
    lengths = np.hypot([3, 21], [-2, 24])
    assert vectors.tolist() == [
        pytest.approx([3 / lengths[0], -2 / lengths[0]]),
        pytest.approx([21 / lengths[1], 24 / lengths[1]]),
    ]
    assert vectors.dtype == np.float32


def perceptron(width: int, hidden: int = HIDDEN, dim: int = TRAINED_DENSE.dim) -> TrainedPerceptron:
    """Return a perceptron of random parameters on features of this width."""
    generator = np.random.default_rng(9)
    shapes = (width, hidden), (hidden,), (hidden, dim), (dim,)
    return TrainedPerceptron(*(generator.standard_normal(shape).astype(np.float32) for shape in shapes))


def test_a_trained_head_of_one_or_two_layers_is_restored_by_the_arrays_it_has() -> None:
    data = features(images=20, width=10)
    two = perceptron(10)
    one = TrainedDense(perceptron(10, 4).hidden_kernel, perceptron(10, 4).hidden_bias)
    for head in (one, two):
        restored = restore_head(TRAINED_DENSE, dict(sorted(head_arrays(head).items())))
        assert type(restored) is type(head)
        np.testing.assert_array_equal(restored(data), head(data))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"kernel": np.zeros((HIDDEN, 3), np.float32)},
            "the array kernel of finite numbers of shape (512, 4), got shape (512, 3)",
        ),
        (
            {"hidden_kernel": np.zeros((10, 4), np.float32)},
            "the array hidden_kernel of finite numbers of shape (10, 512), got shape (10, 4)",
        ),
        (
            {"hidden_bias": np.full(HIDDEN, np.nan, np.float32)},
            "the array hidden_bias of finite numbers of shape (512,), got shape (512,)",
        ),
        (
            {"more": np.zeros(1, np.float32)},
            "the arrays hidden_kernel, hidden_bias, kernel, bias, got bias, hidden_bias, hidden_kernel, kernel, more",
        ),
    ],
    ids=["another dimension", "another width", "not a number", "another array"],
)
def test_a_perceptron_whose_arrays_do_not_fit_is_refused(changed: dict[str, Float32Array], message: str) -> None:
    assert error_message(ValueError, restore_head, TRAINED_DENSE, head_arrays(perceptron(10)) | changed) == message


def test_without_a_head_the_features_are_the_vectors() -> None:
    data = features(images=3, width=10)
    head = fit_head(IDENTITY, data)
    assert (head_arrays(head), head(data) is data) == ({}, True)


def test_a_trained_head_cannot_be_fitted_without_labels() -> None:
    assert error_message(RecipeUnusable, fit_head, TRAINED_DENSE, features(images=3, width=10)) == (
        "expected a head that is fitted without labels, got the recipe toy, whose head is trained: ingest labelled "
        "images with it"
    )


@pytest.mark.parametrize(("power", "ratio"), [(1.0, 1.0), (0.5, 2.0), (0.25, 4**0.75)])
def test_whitening_divides_each_component_by_its_standard_deviation_to_a_power(power: float, ratio: float) -> None:
    # Two directions whose standard deviations have the ratio 4 to 1, of so many images that chance moves neither.
    corners = np.tile(np.array([[4, 1], [4, -1], [-4, 1], [-4, -1]], np.float32) + 7, (25_000, 1))
    head = fit_head(dataclasses.replace(PCA_RECIPE, dim=2, whiten=power), corners)
    assert isinstance(head, NormalizedProjection)
    x, y = np.abs(head(corners)[0])
    assert x / y == pytest.approx(ratio, rel=1e-4)


def test_the_fewer_the_images_the_less_is_whitened() -> None:
    # Variances 4 and 1 for three images, whose chance is 5 / 3: sqrt((4 + 5 / 3) / (1 + 5 / 3)).
    cross = np.array([[2, 1], [-2, 1], [0, -2]], np.float32) * np.sqrt([1, 1 / 3], dtype=np.float32)
    head = fit_head(dataclasses.replace(WHITENED, dim=2), cross)
    assert isinstance(head, NormalizedProjection)
    first, second = np.linalg.norm(head.components, axis=0)
    assert second / first == pytest.approx(np.sqrt((4 + 5 / 3) / (1 + 5 / 3)), rel=1e-5)


def test_directions_that_few_images_do_not_determine_have_the_scale_of_chance_for_all_that_remain() -> None:
    few = features(images=4, width=12)
    head = fit_head(dataclasses.replace(WHITENED, dim=8), few)
    assert isinstance(head, NormalizedProjection)
    lengths = np.linalg.norm(head.components, axis=0)
    total = np.var(few, axis=0, ddof=1).sum()
    # Five random directions stand for nine that remain beside the three components.
    np.testing.assert_allclose(lengths[3:], np.sqrt(4 / total) * (9 / 5) ** 0.25, rtol=1e-5)
    assert lengths[0] < lengths[1] < lengths[2]


def family(classes: int, each: int, width: int = 300, seed: int = 3) -> tuple[Float32Array, NDArray[np.int64]]:
    """Return features of length 1 and their labels, whose classes differ in few directions and items in many."""
    generator = np.random.default_rng(seed)
    labels = np.arange(classes * each) % classes
    decay = 1 / np.sqrt(np.arange(1, width + 1))
    rows = 3 * decay + generator.standard_normal((classes, width))[labels] * decay
    rows += generator.standard_normal((len(labels), width)) * decay
    return normalize_rows(np.asarray(rows, np.float32)), labels


def nearest(
    queries: Float32Array, stored: Float32Array, *, others: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the index and distance of each query's nearest stored vector (of length 1); with `others` not itself."""
    squared = np.maximum(2 - 2 * queries.astype(np.float64) @ stored.T.astype(np.float64), 0)
    if others:
        np.fill_diagonal(squared, np.inf)
    return np.asarray(squared.argmin(axis=1), np.int64), np.sqrt(squared.min(axis=1))


def share_of_equal_labels(vectors: Float32Array, labels: NDArray[np.int64]) -> float:
    """Return how many vectors have the label of the nearest other, as a share."""
    return float((labels[nearest(vectors, vectors, others=True)[0]] == labels).mean())


@pytest.mark.parametrize("whiten", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("count", [2, 3, 4, 6, 10, 20, 40, 75, 128, 129, 140, 200, 300])
def test_a_head_fitted_on_few_images_finds_copies_and_labels_about_as_the_features_do(
    count: int, whiten: float
) -> None:
    every, labels = family(classes=4, each=100)
    stored = every[:count]
    noise = np.random.default_rng(4).standard_normal(stored.shape) * 0.003
    copies = normalize_rows(np.asarray(stored + noise, np.float32))
    head = fit_head(dataclasses.replace(PCA_RECIPE, dim=128, whiten=whiten), stored)
    vectors = head(stored)
    found, to_copy = nearest(head(copies), vectors)
    assert found.tolist() == list(range(count))
    # A copy is far nearer than the next picture: not all distances are equal.
    assert to_copy.max() < 0.4 * nearest(vectors, vectors, others=True)[1].min()
    if count >= 20:
        # Full whitening gives noise the weight of what differs, as much as the recipe asks for it.
        allowed = 0.2 if whiten == 1 else 0.1
        assert share_of_equal_labels(vectors, labels[:count]) >= (
            share_of_equal_labels(stored, labels[:count]) - allowed
        )


@pytest.mark.parametrize("count", [2, 3, 10, 40, 128, 129, 200])
def test_images_that_come_after_a_head_was_fitted_on_few_are_found_by_their_labels_too(count: int) -> None:
    every, labels = family(classes=4, each=100)
    head = fit_head(dataclasses.replace(PCA_RECIPE, dim=128, whiten=0.5), every[:count])
    assert share_of_equal_labels(head(every), labels) >= share_of_equal_labels(every, labels) - 0.1


def test_identical_images_are_whitened_to_zeros() -> None:
    identical = np.full((5, 12), 0.25, np.float32)
    np.testing.assert_array_equal(fit_head(WHITENED, identical)(identical), np.zeros((5, 4), np.float32))


def test_a_random_layer_is_glorot_uniform_and_the_same_for_a_seed_in_every_version() -> None:
    head = fit_head(RANDOM_DENSE, features(images=1, width=6))
    assert isinstance(head, RandomDense)
    # The limit is the square root of 6 / (6 + 3).
    drawn = np.random.RandomState(5).uniform(-np.sqrt(6 / 9), np.sqrt(6 / 9), (6, 3))
    np.testing.assert_array_equal(head.kernel, drawn.astype(np.float32))
    np.testing.assert_array_equal(head.bias, np.zeros(3, np.float32))
    # The first number of MT19937 seeded with 5 is 0.22199317: (2 x 0.22199317 - 1) x 0.81649658.
    assert float(head.kernel[0, 0]) == pytest.approx(-0.45398325, abs=1e-7)


def test_a_random_layer_depends_on_the_seed_and_not_on_the_images() -> None:
    few, more = features(images=1, width=6), features(images=9, width=6, seed=2)
    first, same = (head_arrays(fit_head(RANDOM_DENSE, data))["kernel"] for data in (few, more))
    other = head_arrays(fit_head(dataclasses.replace(RANDOM_DENSE, seed=6), few))["kernel"]
    np.testing.assert_array_equal(same, first)
    assert not np.isclose(other, first).any()


def test_distances_are_those_of_scikit_learns_projection() -> None:
    fitted_on, later = features(images=60, width=10), features(images=20, width=10, seed=2)
    head = fit_head(PCA_RECIPE, fitted_on)
    peer = PCA(4, svd_solver="full").fit(fitted_on)
    np.testing.assert_allclose(distances(head(fitted_on)), distances(peer.transform(fitted_on)), atol=1e-5)
    np.testing.assert_allclose(distances(head(later)), distances(peer.transform(later)), atol=1e-5)


def test_the_components_explain_nearly_the_variance_of_exact_ones() -> None:
    # As in an ingest: many more features than components, and slowly decreasing deviations.
    data = features(images=600, width=500) - np.float32(3)
    data *= np.sqrt(np.arange(1, 501, dtype=np.float32))
    head = fit_head(dataclasses.replace(PCA_RECIPE, dim=32), data)
    exact = PCA(32, svd_solver="full").fit(data.astype(np.float64))
    explained = float(head(data).var(axis=0, ddof=1, dtype=np.float64).sum() / exact.explained_variance_.sum())
    assert 0.9985 < explained <= 1 + 1e-6


def test_fitting_does_not_import_scikit_learn_which_takes_a_second() -> None:
    program = (
        "import sys, numpy as np; from ingest.embedding.heads import fit_head; "
        "from ingest.embedding.recipes import RECIPES; "
        "fit_head(RECIPES['retrieval'], np.eye(200, dtype=np.float32)); print('sklearn' in sys.modules)"
    )
    assert printed_by(program) == "False\n"


def test_the_vectors_of_the_images_that_pca_was_fitted_on_are_centred() -> None:
    fitted_on = features(images=60, width=10)
    np.testing.assert_allclose(fit_head(PCA_RECIPE, fitted_on)(fitted_on).mean(axis=0), np.zeros(4), atol=1e-6)


def test_fitting_again_on_the_same_images_gives_the_same_bits() -> None:
    first, second = (head_arrays(fit_head(PCA_RECIPE, features(images=60, width=10))) for _ in range(2))
    np.testing.assert_array_equal(first["mean"], second["mean"])
    np.testing.assert_array_equal(first["components"], second["components"])


@pytest.mark.parametrize("images", [1, 2, 3, 8, 9, 40])
def test_the_components_are_orthonormal_and_complete_for_any_number_of_images(images: int) -> None:
    head = fit_head(dataclasses.replace(PCA_RECIPE, dim=8), features(images, width=12))
    assert isinstance(head, Pca)
    assert head.components.shape == (12, 8)
    np.testing.assert_allclose(head.components.T @ head.components, np.eye(8), atol=1e-6)


def test_the_first_components_are_those_that_the_images_determine() -> None:
    few = features(images=4, width=12)
    head = fit_head(dataclasses.replace(PCA_RECIPE, dim=8), few)
    assert isinstance(head, Pca)
    peer = PCA(3, svd_solver="full").fit(few)
    # The sign of a principal component is arbitrary.
    np.testing.assert_allclose(np.abs(head.components[:, :3].T @ peer.components_.T), np.eye(3), atol=1e-5)
    np.testing.assert_allclose(distances(head(few)), distances(few), atol=1e-5)


@pytest.mark.parametrize("images", [1, 3, 12, 40])
def test_a_head_may_have_as_many_dimensions_as_there_are_features(images: int) -> None:
    data = features(images, width=12)
    head = fit_head(dataclasses.replace(PCA_RECIPE, dim=12), data)
    assert head(data).shape == (images, 12)
    # Rotated and shifted without loss.
    np.testing.assert_allclose(distances(head(data)), distances(data), atol=1e-5)


@pytest.mark.parametrize("dim", [13, 0, -1])
@pytest.mark.parametrize("images", [1, 40])
def test_pca_has_at_most_as_many_dimensions_as_features(dim: int, images: int) -> None:
    recipe = dataclasses.replace(PCA_RECIPE, dim=dim)
    assert error_message(RecipeUnusable, fit_head, recipe, features(images, width=12)) == (
        f"expected 1 to 12 dimensions (the number of features) in the recipe toy, got {dim}: change its `dim`"
    )


def test_a_random_layer_may_have_more_dimensions_than_features_but_at_least_one() -> None:
    data = features(images=2, width=6)
    assert fit_head(dataclasses.replace(RANDOM_DENSE, dim=9), data)(data).shape == (2, 9)
    message = error_message(RecipeUnusable, fit_head, dataclasses.replace(RANDOM_DENSE, dim=0), data)
    assert message == "expected at least 1 dimension in the recipe toy, got 0: change its `dim`"


def test_identical_images_give_orthonormal_components_too() -> None:
    identical = np.full((5, 12), 0.25, np.float32)
    head = fit_head(dataclasses.replace(PCA_RECIPE, dim=8), identical)
    assert isinstance(head, Pca)
    np.testing.assert_allclose(head.components.T @ head.components, np.eye(8), atol=1e-6)
    np.testing.assert_array_equal(head(identical), np.zeros((5, 8), np.float32))


@pytest.mark.parametrize(
    "recipe", [IDENTITY, RANDOM_DENSE, PCA_RECIPE, WHITENED], ids=["none", "dense", "pca", "whitened"]
)
def test_a_head_restored_from_its_arrays_is_the_same(recipe: Recipe) -> None:
    data = features(images=20, width=10)
    head = fit_head(recipe, data)
    restored = restore_head(recipe, {name: array.copy() for name, array in head_arrays(head).items()})
    assert type(restored) is type(head)
    np.testing.assert_array_equal(restored(data), head(data))


@pytest.mark.parametrize(
    "recipe", [RANDOM_DENSE, PCA_RECIPE, WHITENED, TRAINED_DENSE], ids=["dense", "pca", "whitened", "perceptron"]
)
def test_a_row_has_the_same_bits_at_every_position_and_alone(recipe: Recipe) -> None:
    data = features(images=64, width=500)
    head = perceptron(500) if recipe is TRAINED_DENSE else fit_head(recipe, data)
    np.testing.assert_array_equal(head(data[::-1]), head(data)[::-1])
    np.testing.assert_array_equal(head(data[5:6]), head(data)[5:6])
