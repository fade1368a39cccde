"""Rule: vectors of another embedding are refused, even if they have the same number of dimensions."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.embedding import embedder
from ingest.embedding.embedder import Embedder
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.recipes import Recipe
from search import Searcher
from storage import Embedding, Store
from storage.errors import OtherEmbedding
from tests.errors import error_message
from tests.ingest.jobs import job
from tests.toys import TOY, ToyBackbone, grey, grey_source, noise, toy_backbone

DRAWN = dataclasses.replace(TOY, head="dense")


class AnySide(ToyBackbone):
    """The mean colour of an image of any size, and its mean square."""

    def features(self, images: Float32Array) -> Float32Array:
        means = images.mean(axis=(1, 2), dtype=np.float32)
        return np.concatenate([means, np.square(images).mean(axis=(1, 2), dtype=np.float32)], axis=1)


def embedding(recipe: Recipe = DRAWN, weights: str = "toy weights", images: int = 20) -> Embedding:
    return Embedder.fit(recipe, AnySide(weights), noise(images, 9, 9, 3, seed=3)).embedding()


@pytest.mark.parametrize(
    "change",
    [
        {"side": 8},
        {"interpolation": "linear"},
        {"scaling": "caffe"},
        {"layer": "block4_pool"},
        {"pooling": "gem"},
        {"unit_length": True},
        {"head": "pca"},
        {"seed": 1},
    ],
    ids=str,
)
def test_another_recipe_of_equal_dimension_is_refused(change: dict[str, Any]) -> None:
    store, other = embedding(), embedding(dataclasses.replace(DRAWN, **change))
    assert other.dim == store.dim
    assert error_message(OtherEmbedding, store.require_same, other) == (
        f"expected vectors of the store's embedding (toy, 4 dimensions, fingerprint {store.fingerprint[:12]}), got "
        f"toy, 4 dimensions, fingerprint {other.fingerprint[:12]}: use the store's recipe and weights, or another store"
    )


def test_another_power_of_whitening_is_another_recipe() -> None:
    none, half, full = (embedding(dataclasses.replace(TOY, whiten=whiten)) for whiten in (0.0, 0.5, 1.0))
    assert len({none.fingerprint, half.fingerprint, full.fingerprint}) == 3
    with pytest.raises(OtherEmbedding):
        none.require_same(half)


def test_a_head_that_was_fitted_on_other_images_is_refused() -> None:
    with pytest.raises(OtherEmbedding):
        embedding(TOY).require_same(embedding(TOY, images=19))


def test_other_weights_are_refused() -> None:
    with pytest.raises(OtherEmbedding):
        embedding().require_same(embedding(weights="other weights"))


def test_the_name_of_a_recipe_does_not_matter() -> None:
    embedding().require_same(embedding(dataclasses.replace(DRAWN, name="another")))


def test_a_query_is_refused_when_its_image_would_be_decoded_differently_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedder, "DECODER", "opencv-rgb-2")
    job(grey_source({"a": 0, "b": 51}), tmp_path / "store")
    monkeypatch.setattr(embedder, "DECODER", "another decoder")
    with Searcher.open(tmp_path / "store", make_backbone=toy_backbone()) as searcher:
        assert error_message(OtherEmbedding, searcher.by_image, grey(51)) == (
            "expected to embed images as the store's were (decoder opencv-rgb-2), got decoder another decoder: make "
            f"its vectors anew with `lookalike renew --store {tmp_path / 'store'}`; until then ask for items by id, "
            "key or vector"
        )
        assert [hit.key for hit in searcher.by_key("a").hits] == ["b"]
        assert [hit.key for hit in searcher.by_id(1).hits] == ["a"]


def test_a_query_is_refused_with_other_weights_and_says_so(tmp_path: Path) -> None:
    job(grey_source({"a": 0, "b": 51}), tmp_path / "store", toy_backbone(ToyBackbone("a" * 64)))
    other = toy_backbone(ToyBackbone("b" * 64))
    with Searcher.open(tmp_path / "store", make_backbone=other) as searcher:
        assert error_message(OtherEmbedding, searcher.by_image, grey(51)) == (
            f"expected to embed images as the store's were (weights {'a' * 16}), got weights {'b' * 16}: name its "
            f"weights with --weights, or make its vectors anew with `lookalike renew --store {tmp_path / 'store'}`; "
            "until then ask for items by id, key or vector"
        )


def test_a_job_is_refused_when_it_would_decode_differently_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job(grey_source({"a": 0}), tmp_path / "store")
    monkeypatch.setattr(embedder, "DECODER", "another decoder")
    with pytest.raises(OtherEmbedding):
        job(grey_source({"a": 0, "b": 51}), tmp_path / "store")
    with Store.open(tmp_path / "store") as store:
        assert [item.key for item in store.items()] == ["a"]


def test_jobs_and_queries_follow_the_stores_recipe_not_a_newer_one_of_its_name(tmp_path: Path) -> None:
    job(grey_source({"a": 0, "b": 51}), tmp_path / "store")
    # The recipe comes from the store, not from what `toy` means now.
    job(grey_source({"a": 0, "b": 51, "c": 102}), tmp_path / "store")
    with Searcher.open(tmp_path / "store", make_backbone=toy_backbone()) as searcher:
        assert [hit.key for hit in searcher.by_image(grey(100), k=2).hits] == ["c", "b"]
        assert searcher.drift == 0.0


def test_a_recipe_that_changed_since_the_store_was_made_is_refused_with_what_to_do(tmp_path: Path) -> None:
    job(grey_source({"a": 0}), tmp_path / "store")
    newer = dataclasses.replace(TOY, unit_length=True)
    assert error_message(OtherEmbedding, job, grey_source({"a": 0}), tmp_path / "store", recipe=newer) == (
        f"expected the recipe of the store {tmp_path / 'store'} (toy, as it was when the store was made), got toy as "
        f"it is now: leave --recipe out, change the store by `lookalike renew --store {tmp_path / 'store'}` with this "
        "--recipe, or ingest into another store"
    )
