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
from ingest.images.images import Image
from ingest.job import ingest
from search import Searcher
from storage import Embedding, Store
from storage.errors import OtherEmbedding
from tests.errors import error_message
from tests.toys import TOY, ToyBackbone, grey, grey_source, toy_backbone

DRAWN = dataclasses.replace(TOY, head="dense")


class AnySide(ToyBackbone):
    """The mean colour of an image of any size, and its mean square."""

    def features(self, images: Float32Array) -> Float32Array:
        means = images.mean(axis=(1, 2), dtype=np.float32)
        return np.concatenate([means, np.square(images).mean(axis=(1, 2), dtype=np.float32)], axis=1)


def noise(count: int) -> list[Image]:
    return list(np.random.default_rng(3).integers(0, 256, (count, 9, 9, 3), np.uint8))


def embedding(recipe: Recipe = DRAWN, weights: str = "toy weights", images: int = 20) -> Embedding:
    return Embedder.fit(recipe, AnySide(weights), noise(images)).embedding()


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


def test_whitening_otherwise_is_another_recipe() -> None:
    ways = [embedding(dataclasses.replace(TOY, whiten=whiten)) for whiten in (0.0, 0.5, 1.0)]
    assert len({way.fingerprint for way in ways}) == 3
    with pytest.raises(OtherEmbedding):
        ways[0].require_same(ways[1])


def test_a_head_that_was_fitted_on_other_images_is_refused() -> None:
    with pytest.raises(OtherEmbedding):
        embedding(TOY).require_same(embedding(TOY, images=19))


def test_other_weights_are_refused() -> None:
    with pytest.raises(OtherEmbedding):
        embedding().require_same(embedding(weights="other weights"))


def test_the_same_way_under_another_name_is_no_other() -> None:
    embedding().require_same(embedding(dataclasses.replace(DRAWN, name="another")))


def test_a_picture_is_refused_when_it_would_be_decoded_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(grey_source({"a": 0, "b": 51}), tmp_path / "store", recipe=TOY, make_backbone=toy_backbone())
    monkeypatch.setattr(embedder, "DECODER", "another decoder")
    with (
        Searcher.open(tmp_path / "store", make_backbone=toy_backbone()) as searcher,
        pytest.raises(OtherEmbedding, match=r"^expected vectors of the store's embedding \(toy, 4 dimensions"),
    ):
        searcher.by_image(grey(51))


def test_a_job_is_refused_when_it_would_decode_otherwise_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(grey_source({"a": 0}), tmp_path / "store", recipe=TOY, make_backbone=toy_backbone())
    monkeypatch.setattr(embedder, "DECODER", "another decoder")
    with pytest.raises(OtherEmbedding):
        ingest(grey_source({"a": 0, "b": 51}), tmp_path / "store", make_backbone=toy_backbone())
    with Store.open(tmp_path / "store") as store:
        assert [item.key for item in store.items()] == ["a"]


def test_a_store_of_an_older_recipe_of_the_same_name_is_asked_and_filled_as_it_was_made(tmp_path: Path) -> None:
    ingest(grey_source({"a": 0, "b": 51}), tmp_path / "store", recipe=TOY, make_backbone=toy_backbone())
    # The recipe comes from the store, not from what `toy` means now.
    ingest(grey_source({"a": 0, "b": 51, "c": 102}), tmp_path / "store", make_backbone=toy_backbone())
    with Searcher.open(tmp_path / "store", make_backbone=toy_backbone()) as searcher:
        assert [hit.key for hit in searcher.by_image(grey(100), k=2).hits] == ["c", "b"]
        assert searcher.drift == 0.0


def test_the_recipe_of_the_same_name_that_changed_since_is_refused_with_what_to_do(tmp_path: Path) -> None:
    ingest(grey_source({"a": 0}), tmp_path / "store", recipe=TOY, make_backbone=toy_backbone())
    newer = dataclasses.replace(TOY, unit_length=True)
    with pytest.raises(OtherEmbedding) as refused:
        ingest(grey_source({"a": 0}), tmp_path / "store", recipe=newer, make_backbone=toy_backbone())
    assert str(refused.value) == (
        f"expected the recipe of the store {tmp_path / 'store'} (toy, as it was when the store was made), got toy as "
        "it is now: leave --recipe out, or ingest into another store"
    )
