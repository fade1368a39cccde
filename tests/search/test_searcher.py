"""Queries by id, key, image and vector, against results known by hand."""

import os
import pydoc
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.precision import PrecisionOption
from ingest.embedding.recipes import Recipe
from ingest.errors import EmbeddingDrift, UnreadableImage
from ingest.job import ingest
from search.results import QueryResult
from search.searcher import Searcher
from storage import Store
from storage.errors import InvalidQuery, InvalidVectors, OtherEmbedding, StoreNotFound, UnknownItem
from tests.errors import exactly
from tests.search.stores import LEVELS, NEIGHBOURS, batch, grey_searcher, grey_store, hit, result
from tests.toys import TOY, ToyBackbone, grey, grey_source, noise, png, toy_backbone

# The hits of an image of level 61: 10, 61, 92 and 143 levels away.
LEVEL_61 = (
    hit(1, "dark", 20 / 255),
    hit(2, "black", 122 / 255),
    hit(3, "light", 184 / 255),
    hit(4, "white", 286 / 255),
)


def test_an_item_has_the_others_as_hits_but_never_itself(searcher: Searcher) -> None:
    assert [searcher.by_id(id) for id in range(4)] == [result(searcher, key) for key in LEVELS]


def test_a_large_photographs_file_is_found_at_no_distance(tmp_path: Path) -> None:
    """It is decoded at the same scale when it is asked for as when it was ingested."""
    images = tmp_path / "images"
    images.mkdir()
    for seed in range(3):
        smooth = cv2.resize(noise(9, 12, 3, seed=seed), (1200, 900), interpolation=cv2.INTER_CUBIC)
        PillowImage.fromarray(smooth).save(images / f"{seed}.jpg")
    ingest(f"folder:{images}", tmp_path / "store", recipe=TOY, make_backbone=toy_backbone())
    with Searcher.open(tmp_path / "store", make_backbone=toy_backbone()) as searcher:
        hits = searcher.by_image(images / "1.jpg").hits
    assert (hits[0].key, hits[0].distance) == ("1.jpg", 0)
    assert (hits[0].metadata["width"], hits[0].metadata["height"]) == (1200, 900)


def test_k_limits_the_hits(searcher: Searcher) -> None:
    assert [searcher.by_id(1, k) for k in (1, 2, 3, 4)] == [result(searcher, "dark", k) for k in (1, 2, 3, 3)]


def test_several_ids_are_answered_in_their_order(searcher: Searcher) -> None:
    expected = batch(*(result(searcher, key, 2) for key in ("white", "black", "white")))
    assert searcher.by_ids([3, 0, 3], k=2) == expected
    assert searcher.by_ids((3, 0, 3), k=2) == expected
    assert searcher.by_ids([]) == batch()


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8, np.uint64])
def test_ids_may_be_numpys_integers_and_arrays_of_them(searcher: Searcher, dtype: type[np.integer]) -> None:
    expected = batch(*(result(searcher, key, 2) for key in ("white", "black", "white")))
    ids = np.array([3, 0, 3], dtype)
    assert searcher.by_ids(ids, k=2) == expected
    assert searcher.by_ids(list(ids), k=2) == expected
    assert searcher.by_id(ids[0], k=2) == expected[0]
    assert searcher.by_ids(np.array([], dtype)) == batch()


@pytest.mark.parametrize(
    ("id", "named"),
    [
        (1.0, "1.0"),
        (True, "True"),
        ("1", "'1'"),
        (b"1", "b'1'"),
        (None, "None"),
        (np.True_, "np.True_"),
        (np.float32(1), "np.float32(1.0)"),
        ([0, 1], "[0, 1]"),
    ],
    ids=str,
)
def test_an_id_must_be_a_whole_number(searcher: Searcher, id: Any, named: str) -> None:
    message = f"expected an id to be a whole number, got {named}: use the `id` of an item or a hit, or query by key"
    with pytest.raises(InvalidQuery, match=exactly(message)):
        searcher.by_id(id)
    with pytest.raises(InvalidQuery, match=exactly(message)):
        searcher.by_ids([0, id])


@pytest.mark.parametrize(
    ("ids", "named"),
    [
        ("1", "'1'"),
        (np.array([0.0, 1.0]), "0.0"),
        (np.array([False, True]), "False"),
        (np.array([[2, 3]]), "[2, 3]"),
    ],
    ids=str,
)
def test_many_ids_must_be_whole_numbers(searcher: Searcher, ids: Any, named: str) -> None:
    message = f"expected an id to be a whole number, got {named}: use the `id` of an item or a hit, or query by key"
    with pytest.raises(InvalidQuery, match=exactly(message)):
        searcher.by_ids(ids)


def test_a_query_by_key_has_the_result_of_a_query_by_id(searcher: Searcher) -> None:
    assert searcher.by_key("dark") == result(searcher, "dark")
    assert searcher.by_keys(["white", "black"], k=1) == batch(
        result(searcher, "white", 1), result(searcher, "black", 1)
    )


def test_an_unknown_id_or_key_is_refused(searcher: Searcher) -> None:
    folder = searcher.store.folder
    queries: list[tuple[Callable[[], object], str]] = [
        (lambda: searcher.by_id(4), "id 4"),
        (lambda: searcher.by_id(-1), "id -1"),
        (lambda: searcher.by_id(2**63), "id 9223372036854775808"),
        (lambda: searcher.by_ids([0, 9]), "id 9"),
        (lambda: searcher.by_key("Dark"), "key 'Dark'"),
        (lambda: searcher.by_keys(["dark", "Dark"]), "key 'Dark'"),
    ]
    for query, named in queries:
        message = (
            f"expected an item of {folder}, got {named}, which it does not hold: "
            "see `lookalike store info` for what it holds"
        )
        with pytest.raises(UnknownItem, match=exactly(message)):
            query()


@pytest.mark.parametrize("k", [0, -1, 1.0, True, "5"])
def test_k_must_be_a_whole_number_of_at_least_one(searcher: Searcher, k: Any) -> None:
    message = f"expected k to be a whole number of at least 1, got {k!r}"
    with pytest.raises(InvalidQuery, match=exactly(message)):
        searcher.by_id(0, k)
    with pytest.raises(InvalidQuery, match=exactly(message)):
        searcher.by_vector(np.zeros(4), k)


@pytest.mark.parametrize("method", ["by_id", "by_ids", "by_key", "by_image", "by_vector", "by_random", "predict"])
def test_a_misspelt_option_is_refused(searcher: Searcher, method: str) -> None:
    arguments: dict[str, list[Any]] = {"by_ids": [[0]], "by_key": ["dark"], "by_vector": [np.zeros(4)], "by_random": []}
    with pytest.raises(TypeError, match="unexpected keyword argument 'were'"):
        getattr(searcher, method)(*arguments.get(method, [0]), were={"label": "low"})


def test_an_image_may_be_a_path_bytes_or_pixels(searcher: Searcher, tmp_path: Path) -> None:
    path = tmp_path / "query.png"
    path.write_bytes(png(grey(61)))
    assert [searcher.by_image(image).hits for image in (path, str(path), png(grey(61)), grey(61))] == [LEVEL_61] * 4


def test_a_stored_image_is_its_own_nearest_hit_at_distance_zero(searcher: Searcher) -> None:
    hits = [result.hits[0] for result in searcher.by_images([grey(level) for level in LEVELS.values()], k=1)]
    assert [(hit.key, hit.distance) for hit in hits] == [(key, 0.0) for key in LEVELS]


def test_the_result_of_an_image_has_its_name_and_its_pixels(searcher: Searcher, tmp_path: Path) -> None:
    path = tmp_path / "query.png"
    path.write_bytes(png(grey(61)))
    results = searcher.by_images([path, png(grey(61)), grey(61)], k=4)
    assert [(result.query, result.item, result.hits) for result in results] == [
        (str(path), None, LEVEL_61),
        ("an image", None, LEVEL_61),
        ("an image", None, LEVEL_61),
    ]
    images = [np.array(result.image) for result in results]
    np.testing.assert_array_equal(images[0], np.full((8, 8, 3), 61))
    np.testing.assert_array_equal(images[1], np.full((8, 8, 3), 61))
    np.testing.assert_array_equal(images[2], grey(61))


def test_no_images_have_no_results(searcher: Searcher) -> None:
    assert searcher.by_images([]) == batch()


def test_an_unreadable_image_is_refused(searcher: Searcher, tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    path.write_bytes(b"<html>")
    decodable = "expected an image (JPEG, PNG, GIF, WebP, HEIC, AVIF, BMP, TIFF, JPEG 2000, PNM or ICO), got"
    refusals: list[tuple[Any, str]] = [
        (path, f"{decodable} {path}: a web page"),
        (b"", f"{decodable} the bytes given: an empty file"),
        (tmp_path / "none.png", f"expected an image file, got {tmp_path}/none.png, which is not a file: name an image"),
        (
            np.zeros((2, 2)),
            "expected an image as a uint8 array of shape (h, w), (h, w, 3) or (h, w, 4), got float64 (2, 2)",
        ),
    ]
    for image, message in refusals:
        with pytest.raises(UnreadableImage, match=exactly(message)):
            searcher.by_image(image)
        with pytest.raises(UnreadableImage, match=exactly(message)):
            searcher.by_images([grey(1), image])


def test_a_vector_has_the_items_around_it_as_hits(searcher: Searcher) -> None:
    vector = searcher.embed([grey(61)])[0]
    assert searcher.by_vector(vector) == QueryResult("a vector", LEVEL_61)
    assert searcher.by_vector(vector.tolist(), k=2) == QueryResult("a vector", LEVEL_61[:2])


def test_several_vectors_are_answered_in_their_order(searcher: Searcher) -> None:
    vectors = searcher.embed([grey(61), grey(0)])
    black = (
        hit(1, "black", 0),
        *(hit(n.rank + 1, n.key, d) for n, d in zip(NEIGHBOURS["black"], (0.4, 1.2, 1.6), strict=True)),
    )
    expected = batch(QueryResult("a vector", LEVEL_61), QueryResult("a vector", black))
    assert searcher.by_vectors(vectors, k=4) == expected
    assert searcher.by_vectors(vectors[1:], k=4) == expected[1:]
    assert searcher.by_vectors([]) == batch()


def test_a_vector_of_another_dimension_or_not_finite_is_refused(searcher: Searcher) -> None:
    with pytest.raises(InvalidVectors, match=exactly("expected vectors of 4 dimensions, got an array of shape (3,)")):
        searcher.by_vector(np.zeros(3))
    not_finite = (
        "expected finite vectors with a squared norm below 3.4e+38, got NaN, infinity or a larger value in row 0"
    )
    with pytest.raises(InvalidVectors, match=exactly(not_finite)):
        searcher.by_vector([0, 0, np.nan, 0])


@pytest.mark.parametrize("shape", [(1, 4), (2, 4), ()], ids=str)
def test_many_vectors_where_one_is_expected_are_refused(searcher: Searcher, shape: tuple[int, ...]) -> None:
    message = f"expected one vector of 4 dimensions, got an array of shape {shape}: use by_vectors for many"
    with pytest.raises(InvalidVectors, match=exactly(message)):
        searcher.by_vector(np.zeros(shape))


def test_a_negative_seed_is_refused(searcher: Searcher) -> None:
    with pytest.raises(InvalidQuery, match=exactly("expected a seed of at least 0, got -3")):
        searcher.by_random(seed=-3)


def test_a_random_query_is_by_a_stored_item_and_the_same_for_the_same_seed(searcher: Searcher) -> None:
    results = [searcher.by_random(k=3, seed=seed) for seed in range(40)]
    assert results == [searcher.by_random(k=3, seed=seed) for seed in range(40)]
    keys = [drawn.item.key for drawn in results if drawn.item]
    assert results == [result(searcher, key) for key in keys]
    assert set(keys) == set(LEVELS)


def test_nothing_can_be_drawn_from_an_empty_store(searcher: Searcher, tmp_path: Path) -> None:
    Store.create(tmp_path / "empty", searcher.store.embedding).close()
    with Searcher.open(tmp_path / "empty") as empty:
        assert len(empty) == 0
        assert empty.by_vector(np.zeros(4)) == QueryResult("a vector", ())
        message = f"expected items in {tmp_path / 'empty'} to draw one from, got none: ingest some first"
        with pytest.raises(UnknownItem, match=exactly(message)):
            empty.by_random()


def test_identical_images_are_each_others_hits_at_distance_zero(tmp_path: Path) -> None:
    with grey_searcher(tmp_path, {"one": 9, "other": 200, "again": 9}) as searcher:
        assert [(hit.key, hit.distance) for hit in searcher.by_key("one", k=1).hits] == [("again", 0.0)]
        assert [(hit.key, hit.distance) for hit in searcher.by_key("again", k=1).hits] == [("one", 0.0)]
        assert [hit.key for hit in searcher.by_image(grey(9)).hits] == ["one", "again", "other"]


def test_the_only_item_of_a_store_has_no_hits(tmp_path: Path) -> None:
    with grey_searcher(tmp_path, {"only": 9}) as searcher:
        assert (len(searcher), searcher.by_id(0).hits) == (1, ())


def test_items_ingested_after_the_first_search_are_hits_after_a_refresh(searcher: Searcher) -> None:
    assert searcher.by_id(0, k=1).hits == NEIGHBOURS["black"][:1]
    ingest(grey_source({"nearer": 10}), searcher.store.folder, make_backbone=toy_backbone())
    assert searcher.by_id(0, k=1).hits == NEIGHBOURS["black"][:1]
    searcher.refresh()
    assert [(hit.id, hit.key) for hit in searcher.by_id(0, k=2).hits] == [(4, "nearer"), (1, "dark")]
    assert len(searcher) == 5


def test_an_item_ingested_after_the_first_search_can_be_a_query_at_once(searcher: Searcher) -> None:
    assert searcher.by_id(0, k=1).hits == NEIGHBOURS["black"][:1]
    ingest(grey_source({"nearer": 10}), searcher.store.folder, make_backbone=toy_backbone())
    for new in (searcher.by_id(4, k=2), searcher.by_key("nearer", k=2)):
        assert [(hit.id, hit.key) for hit in new.hits] == [(0, "black"), (1, "dark")]


def test_the_backbone_is_made_for_the_first_image_and_only_once(tmp_path: Path) -> None:
    made: list[Recipe] = []

    def make(recipe: Recipe, _: PrecisionOption = "auto") -> ToyBackbone:
        made.append(recipe)
        return ToyBackbone()

    with Searcher.open(grey_store(tmp_path), make_backbone=make) as searcher:
        searcher.by_id(0)
        searcher.by_vector(np.zeros(4))
        assert made == []
        searcher.by_image(grey(1))
        searcher.by_image(grey(2))
    assert made == [TOY]


def test_an_image_is_refused_when_the_weights_are_not_the_stores(tmp_path: Path) -> None:
    folder = grey_store(tmp_path)
    with Searcher.open(folder, make_backbone=toy_backbone(ToyBackbone("other weights"))) as searcher:
        with pytest.raises(OtherEmbedding):
            searcher.by_image(grey(1))
        assert searcher.by_id(0) == result(searcher, "black")


def test_an_image_is_refused_when_this_machine_embeds_it_differently(tmp_path: Path) -> None:
    class Drifted(ToyBackbone):
        def features(self, images: Float32Array) -> Float32Array:
            return super().features(images) * np.float32(2)

    with (
        Searcher.open(grey_store(tmp_path), make_backbone=toy_backbone(Drifted())) as searcher,
        pytest.raises(EmbeddingDrift),
    ):
        searcher.by_image(grey(1))


def test_a_folder_without_a_store_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    message = (
        f"expected a store at {folder}, found nothing there: make one with `lookalike ingest SOURCE --store {folder}`, "
        "or name the right folder"
    )
    with pytest.raises(StoreNotFound, match=exactly(message)):
        Searcher.open(folder)


def test_an_image_may_have_a_name_that_is_not_utf_8(searcher: Searcher, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.png")
    path.write_bytes(png(grey(61)))
    result = searcher.by_image(path)
    assert result.hits == LEVEL_61
    assert result.as_json()["query"]["asked"].encode().endswith(rb"caf\udce9.png'")


def test_help_shows_annotations_as_they_are_written() -> None:
    shown = pydoc.plain(pydoc.render_doc(Searcher))
    assert "numpy.ndarray[" not in shown
    assert "_typeshed" not in shown
    signature = "by_vectors(self, vectors: 'ArrayLike', k: 'int | None' = None, **options: 'Unpack[SearchOptions]')"
    # Python 3.13 gives each parameter of a long signature a line.
    assert re.sub(r"[|\s]", "", signature) in re.sub(r"[|\s]", "", shown)
    assert max(map(len, shown.splitlines())) < 200
