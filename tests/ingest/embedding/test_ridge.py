"""The head that joins a PCA with a ridge regression on labels."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.embedding.heads import NormalizedProjection, fit_head, restore_head
from ingest.embedding.heads.pca import fit_pca
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.recipes import PHOTO, PHOTO_METRIC, Recipe
from ingest.embedding.training import ridge
from ingest.embedding.training.ridge import fit_ridge
from ingest.errors import RecipeUnusable
from tests.errors import error_message

TOY = Recipe("toy", side=4, interpolation="area", layer="toy", unit_length=False, head="ridge", dim=4, whiten=0.5)


def labelled(count: int, seed: int, width: int = 12) -> tuple[Float32Array, list[str]]:
    """Return features whose last of `width` dimensions tells the labels apart, and the others, which vary more, do not.

    Every third image has the label b, the others a.
    """
    generator = np.random.default_rng(seed)
    numbers = np.arange(count) % 3 // 2
    features = generator.standard_normal((count, width)) * np.linspace(4, 2, width)
    features[:, -1] = 2.0 * (numbers - 0.5) + 0.4 * generator.standard_normal(count)
    return np.asarray(features + 5, np.float32), ["ab"[number] for number in numbers]


def one_nn_accuracy(vectors: Float32Array, labels: list[str], queries: Float32Array, expected: list[str]) -> float:
    """Return the share of queries whose nearest vector has their label."""
    nearest = (queries @ vectors.T).argmax(axis=1)
    return float(np.mean(np.array(labels)[nearest] == np.array(expected)))


def test_labels_of_images_that_the_head_has_not_seen_are_found_better_than_by_a_pca() -> None:
    (stored, labels), (queries, expected) = labelled(600, seed=1), labelled(300, seed=2)
    heads = fit_pca(stored, 8, 0, 0.5), fit_ridge(stored, labels, 8, 0, 0.5)
    plain, joined = (one_nn_accuracy(head(stored), labels, head(queries), expected) for head in heads)
    assert (plain < 0.75, joined > 0.85) == (True, True)


def test_labels_that_say_nothing_about_the_images_take_only_their_share() -> None:
    features, _ = labelled(300, seed=3)
    labels = [str(number) for number in np.random.default_rng(4).integers(0, 5, 300)]
    head = fit_ridge(features, labels, 8, 0, 0.5)
    energy = np.square((features - head.mean) @ head.components).sum(axis=1).mean()
    assert energy == pytest.approx(1, abs=1e-3)
    # A slightly altered copy is nearest to its original.
    altered = features + 0.05 * np.random.default_rng(5).standard_normal(features.shape).astype(np.float32)
    np.testing.assert_array_equal((head(altered) @ head(features).T).argmax(axis=1), np.arange(300))


def shares(head: NormalizedProjection, features: Float32Array) -> NDArray[np.float64]:
    """Return the mean square of each dimension of projected features."""
    return np.asarray(np.square((features - head.mean) @ head.components, dtype=np.float64).mean(axis=0), np.float64)


@pytest.mark.parametrize(("names", "directions"), [("ab", 1), ("abc", 2), ("abcdefgh", 4), ("a", 0)])
def test_labels_have_one_direction_less_than_there_are_and_at_most_half(names: str, directions: int) -> None:
    features, _ = labelled(80, seed=6)
    labels = [names[number % len(names)] for number in range(80)]
    head = fit_ridge(features, labels, 8, 0, 0.5)
    components = fit_pca(features, 8 - directions, 0, 0.5).components
    first = head.components[:, : 8 - directions]
    np.testing.assert_allclose(first / np.linalg.norm(first), components / np.linalg.norm(components), atol=1e-5)
    assert head.components.shape == (12, 8)
    assert shares(head, features)[8 - directions :].sum() == pytest.approx(
        ridge.LABEL_SHARE if directions else 0, abs=1e-3
    )


def test_the_regression_is_that_of_scikit_learn() -> None:
    from sklearn.linear_model import Ridge

    features, labels = labelled(90, seed=7)
    head = fit_ridge(features, labels, 8, 0, 0.5)
    centred = np.asarray(features - head.mean, np.float64)
    # The penalty is the mean variance, times the number of dimensions, over the number of images: n times that, summed.
    variance = np.square(centred).sum() / 90
    functions = Ridge(alpha=float(variance), fit_intercept=False).fit(centred, np.array(labels) == "b").coef_
    cosine = functions @ head.components[:, -1] / np.linalg.norm(functions) / np.linalg.norm(head.components[:, -1])
    assert abs(cosine) == pytest.approx(1, abs=1e-5)


def test_a_label_of_one_image_has_no_direction() -> None:
    features, labels = labelled(60, seed=8)
    with_singles = [*labels[:-2], "c", "d"]
    assert np.count_nonzero(shares(fit_ridge(features, with_singles, 8, 0, 0.5), features)) == 8
    assert ridge._targets(with_singles).shape == (60, 2)
    assert ridge._targets(["a", "b", "c"]).shape == (3, 0)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_few_images_give_finite_vectors_of_length_one(count: int) -> None:
    features, labels = labelled(count, seed=9)
    vectors = fit_ridge(features, labels, 8, 0, 0.25)(labelled(20, seed=10)[0])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), np.ones(20), atol=1e-5)


def test_identical_images_give_finite_vectors() -> None:
    features = np.ones((6, 12), np.float32)
    assert np.isfinite(fit_ridge(features, list("aabbab"), 8, 0, 0.25)(features)).all()


def test_equal_images_and_labels_give_equal_bits() -> None:
    features, labels = labelled(100, seed=11)
    one, two = (fit_ridge(features, labels, 8, 3, 0.25) for _ in range(2))
    assert (one.mean.tobytes(), one.components.tobytes()) == (two.mean.tobytes(), two.components.tobytes())


def test_the_recipe_is_photo_with_another_head() -> None:
    assert (PHOTO_METRIC.layers, PHOTO_METRIC.dim, PHOTO_METRIC.whiten) == (PHOTO.layers, PHOTO.dim, PHOTO.whiten)
    arrays = {"mean": np.ones(2, np.float32), "components": np.eye(2, dtype=np.float32)}
    photo, metric = (replace(recipe, dim=2) for recipe in (PHOTO, PHOTO_METRIC))
    assert isinstance(restore_head(photo, arrays), NormalizedProjection)
    assert restore_head(metric, arrays)(np.array([[4, 5]], np.float32)).tolist() == [pytest.approx([0.6, 0.8])]


def test_it_cannot_be_fitted_without_labels() -> None:
    assert error_message(RecipeUnusable, fit_head, TOY, labelled(5, seed=12)[0]) == (
        "expected a head that is fitted without labels, got the recipe toy, whose head is trained: ingest labelled "
        "images with it"
    )
