"""Every way to ask, against answers known by hand."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.precision import PrecisionOption
from ingest.embedding.recipes import Recipe
from ingest.errors import EmbeddingDrift, UnreadableImage
from ingest.job import ingest
from search.results import QueryResult
from search.searcher import Searcher
from storage import Store
from storage.errors import InvalidQuery, InvalidVectors, OtherEmbedding, StoreNotFound, UnknownItem
from tests.search.stores import LEVELS, NEIGHBOURS, batch, grey_searcher, grey_store, hit, result
from tests.toys import TOY, ToyBackbone, grey, grey_source, png, toy_backbone

# What a picture of level 61 finds: 10, 61, 92 and 143 levels away.
LEVEL_61 = (
    hit(1, "dark", 20 / 255),
    hit(2, "black", 122 / 255),
    hit(3, "light", 184 / 255),
    hit(4, "white", 286 / 255),
)


@pytest.fixture
def searcher(tmp_path: Path) -> Iterator[Searcher]:
    with grey_searcher(tmp_path) as searcher:
        yield searcher


def test_an_item_finds_the_others_and_never_itself(searcher: Searcher) -> None:
    assert [searcher.by_id(id) for id in range(4)] == [result(searcher, key) for key in LEVELS]


def test_k_cuts_the_answer(searcher: Searcher) -> None:
    assert [searcher.by_id(1, k) for k in (1, 2, 3, 4)] == [result(searcher, "dark", k) for k in (1, 2, 3, 3)]


def test_several_ids_are_answered_in_the_order_asked(searcher: Searcher) -> None:
    expected = batch(*(result(searcher, key, 2) for key in ("white", "black", "white")))
    assert searcher.by_id([3, 0, 3], k=2) == expected
    assert searcher.by_id((3, 0, 3), k=2) == expected
    assert searcher.by_id([]) == batch()


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8, np.uint64])
def test_ids_may_be_numpys_integers_and_arrays_of_them(searcher: Searcher, dtype: type[np.integer]) -> None:
    expected = batch(*(result(searcher, key, 2) for key in ("white", "black", "white")))
    ids = np.array([3, 0, 3], dtype)
    assert searcher.by_id(ids, k=2) == expected
    assert searcher.by_id(list(ids), k=2) == expected
    assert searcher.by_id(ids[0], k=2) == expected[0]
    assert searcher.by_id(np.array([], dtype)) == batch()


@pytest.mark.parametrize(
    ("ids", "named"),
    [
        (1.0, "1.0"),
        (True, "True"),
        ("1", "'1'"),
        (b"1", "b'1'"),
        (None, "None"),
        (np.True_, "np.True_"),
        (np.float32(1), "np.float32(1.0)"),
        ([0, 1.5], "1.5"),
        ([0, True], "True"),
        ([[0, 1]], "[0, 1]"),
        (np.array([0.0, 1.0]), "0.0"),
        (np.array([False, True]), "False"),
        (np.array([[2, 3]]), "[2, 3]"),
    ],
    ids=str,
)
def test_what_is_not_a_whole_number_is_no_id(searcher: Searcher, ids: Any, named: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        searcher.by_id(ids)
    assert str(refused.value) == (
        f"expected an id to be a whole number, got {named}: use the `id` of an item or a hit, or query by key"
    )


def test_a_key_asks_as_its_id_does(searcher: Searcher) -> None:
    assert searcher.by_key("dark") == result(searcher, "dark")
    assert searcher.by_key(["white", "black"], k=1) == batch(result(searcher, "white", 1), result(searcher, "black", 1))


def test_an_unknown_id_or_key_is_refused(searcher: Searcher) -> None:
    folder = searcher.store.folder
    asked: list[tuple[Any, str]] = [(4, "id 4"), (-1, "id -1"), ([0, 9], "id 9"), (2**63, "id 9223372036854775808")]
    for ids, named in asked:
        with pytest.raises(UnknownItem) as refused:
            searcher.by_id(ids)
        assert str(refused.value) == (
            f"expected an item of {folder}, got {named}, which it does not hold: "
            "see `python -m storage info` for what it holds"
        )
    with pytest.raises(UnknownItem) as refused:
        searcher.by_key(["dark", "Dark"])
    assert str(refused.value) == (
        f"expected an item of {folder}, got key 'Dark', which it does not hold: "
        "see `python -m storage info` for what it holds"
    )


@pytest.mark.parametrize("k", [0, -1, 1.0, True, "5"])
def test_k_must_be_a_whole_number_from_one(searcher: Searcher, k: Any) -> None:
    with pytest.raises(InvalidQuery) as refused:
        searcher.by_id(0, k)
    assert str(refused.value) == f"expected k to be a whole number of at least 1, got {k!r}"
    with pytest.raises(InvalidQuery) as refused:
        searcher.by_vector(np.zeros(4), k)
    assert str(refused.value) == f"expected k to be a whole number of at least 1, got {k!r}"


def test_a_picture_finds_its_like_whether_it_is_a_path_bytes_or_pixels(searcher: Searcher, tmp_path: Path) -> None:
    path = tmp_path / "query.png"
    path.write_bytes(png(grey(61)))
    assert [searcher.by_image(picture).hits for picture in (path, str(path), png(grey(61)), grey(61))] == [LEVEL_61] * 4


def test_a_picture_that_is_stored_finds_itself_at_distance_zero(searcher: Searcher) -> None:
    found = [answer.hits[0] for answer in searcher.by_image([grey(level) for level in LEVELS.values()], k=1)]
    assert [(hit.key, hit.distance) for hit in found] == [(key, 0.0) for key in LEVELS]


def test_an_answer_to_a_picture_tells_what_was_asked_and_shows_it(searcher: Searcher, tmp_path: Path) -> None:
    path = tmp_path / "query.png"
    path.write_bytes(png(grey(61)))
    answers = searcher.by_image([path, png(grey(61)), grey(61)], k=4)
    assert [(answer.asked, answer.item, answer.hits) for answer in answers] == [
        (str(path), None, LEVEL_61),
        ("an image", None, LEVEL_61),
        ("an image", None, LEVEL_61),
    ]
    shown = [np.array(answer.image) for answer in answers]
    np.testing.assert_array_equal(shown[0], np.full((8, 8, 3), 61))
    np.testing.assert_array_equal(shown[1], np.full((8, 8, 3), 61))
    np.testing.assert_array_equal(shown[2], grey(61))


def test_no_pictures_have_no_answers(searcher: Searcher) -> None:
    assert searcher.by_image([]) == batch()


def test_what_is_no_picture_is_refused(searcher: Searcher, tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    path.write_bytes(b"<html>")
    decodable = "expected an image (JPEG, PNG, GIF, WebP, BMP, TIFF, PNM or JPEG 2000), got"
    refusals: list[tuple[Any, str]] = [
        (path, f"{decodable} {path}: a web page"),
        (b"", f"{decodable} the bytes given: an empty file"),
        (tmp_path / "none.png", f"expected an image file, got {tmp_path}/none.png, which is not a file: name an image"),
        (
            [grey(1), np.zeros((2, 2))],
            "expected an image as a uint8 array of shape (h, w) or (h, w, 3) in RGB, got float64 (2, 2)",
        ),
    ]
    for picture, message in refusals:
        with pytest.raises(UnreadableImage) as refused:
            searcher.by_image(picture)
        assert str(refused.value) == message


def test_a_vector_finds_the_items_around_it(searcher: Searcher) -> None:
    vector = searcher.embed([grey(61)])[0]
    assert searcher.by_vector(vector) == QueryResult("a vector", LEVEL_61)
    assert searcher.by_vector(vector.tolist(), k=2) == QueryResult("a vector", LEVEL_61[:2])


def test_several_vectors_are_answered_in_the_order_asked(searcher: Searcher) -> None:
    vectors = searcher.embed([grey(61), grey(0)])
    answers = searcher.by_vector(vectors, k=4)
    black = (
        hit(1, "black", 0),
        *(hit(n.rank + 1, n.key, d) for n, d in zip(NEIGHBOURS["black"], (0.4, 1.2, 1.6), strict=True)),
    )
    assert answers == batch(QueryResult("a vector", LEVEL_61), QueryResult("a vector", black))
    assert searcher.by_vector(vectors[1:], k=4) == batch(QueryResult("a vector", black))


def test_a_vector_of_another_dimension_or_not_finite_is_refused(searcher: Searcher) -> None:
    with pytest.raises(InvalidVectors) as refused:
        searcher.by_vector(np.zeros(3))
    assert str(refused.value) == "expected vectors of 4 dimensions, got an array of shape (3,)"
    with pytest.raises(InvalidVectors) as refused:
        searcher.by_vector([0, 0, np.nan, 0])
    assert str(refused.value) == (
        "expected finite vectors with a squared norm below 3.4e+38, got NaN, infinity or a larger value in row 0"
    )


def test_an_item_drawn_at_random_asks_as_any_other_and_a_seed_draws_it_again(searcher: Searcher) -> None:
    drawn = [searcher.by_random(k=3, seed=seed) for seed in range(40)]
    assert drawn == [searcher.by_random(k=3, seed=seed) for seed in range(40)]
    keys = [answer.item.key for answer in drawn if answer.item]
    assert drawn == [result(searcher, key) for key in keys]
    assert set(keys) == set(LEVELS)


def test_nothing_can_be_drawn_from_an_empty_store(tmp_path: Path) -> None:
    with grey_searcher(tmp_path) as searcher:
        embedding = searcher.store.embedding
    Store.create(tmp_path / "empty", embedding).close()
    with Searcher.open(tmp_path / "empty") as searcher:
        assert len(searcher) == 0
        assert searcher.by_vector(np.zeros(4)) == QueryResult("a vector", ())
        with pytest.raises(UnknownItem) as refused:
            searcher.by_random()
        assert str(refused.value) == (
            f"expected items in {tmp_path / 'empty'} to draw one from, got none: ingest some first"
        )


def test_two_identical_pictures_find_each_other_at_distance_zero(tmp_path: Path) -> None:
    with grey_searcher(tmp_path, {"one": 9, "other": 200, "again": 9}) as searcher:
        assert [(hit.key, hit.distance) for hit in searcher.by_key("one", k=1).hits] == [("again", 0.0)]
        assert [(hit.key, hit.distance) for hit in searcher.by_key("again", k=1).hits] == [("one", 0.0)]
        assert [hit.key for hit in searcher.by_image(grey(9)).hits] == ["one", "again", "other"]


def test_a_lone_item_has_no_neighbours(tmp_path: Path) -> None:
    with grey_searcher(tmp_path, {"only": 9}) as searcher:
        assert (len(searcher), searcher.by_id(0).hits) == (1, ())


def test_what_was_ingested_since_is_seen_after_a_refresh(searcher: Searcher) -> None:
    assert searcher.by_id(0, k=1).hits == NEIGHBOURS["black"][:1]
    ingest(grey_source({"nearer": 10}), searcher.store.folder, make_backbone=toy_backbone())
    assert searcher.by_id(0, k=1).hits == NEIGHBOURS["black"][:1]
    searcher.refresh()
    assert [(hit.id, hit.key) for hit in searcher.by_id(0, k=2).hits] == [(4, "nearer"), (1, "dark")]
    assert len(searcher) == 5


def test_the_backbone_is_made_at_the_first_picture_and_once(tmp_path: Path) -> None:
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


def test_a_picture_is_refused_when_the_weights_are_not_the_stores(tmp_path: Path) -> None:
    folder = grey_store(tmp_path)
    with Searcher.open(folder, make_backbone=toy_backbone(ToyBackbone("other weights"))) as searcher:
        with pytest.raises(OtherEmbedding):
            searcher.by_image(grey(1))
        assert searcher.by_id(0) == result(searcher, "black")


def test_a_picture_is_refused_when_this_machine_embeds_otherwise(tmp_path: Path) -> None:
    class Drifted(ToyBackbone):
        def features(self, images: Float32Array) -> Float32Array:
            return super().features(images) * np.float32(2)

    with (
        Searcher.open(grey_store(tmp_path), make_backbone=toy_backbone(Drifted())) as searcher,
        pytest.raises(EmbeddingDrift),
    ):
        searcher.by_image(grey(1))


def test_a_folder_without_a_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreNotFound) as refused:
        Searcher.open(tmp_path / "none")
    assert str(refused.value) == (
        f"expected a store at {tmp_path / 'none'}, found nothing there: "
        f"make one with `python -m ingest SOURCE --store {tmp_path / 'none'}`, or name the right folder"
    )


def test_a_picture_whose_name_is_not_utf_8_can_be_asked_with(searcher: Searcher, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.png")
    path.write_bytes(png(grey(61)))
    answer = searcher.by_image(path)
    assert answer.hits == LEVEL_61
    assert answer.as_json()["query"]["asked"].encode().endswith(rb"caf\udce9.png'")
