"""A renewed store is as one that was made anew."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest import renew_job
from ingest.embedding import embedder
from ingest.embedding.recipes import RECIPES, Recipe
from ingest.images.decoding import DECODER
from ingest.job import ingest
from ingest.pipeline.recipe_choice import RecipeChoice
from ingest.renew_job import RenewalReport, renew
from search import Searcher
from storage import Store
from storage.errors import OtherEmbedding, StoreBusy
from storage.transfer.import_export import import_file
from tests.errors import error_message
from tests.ingest.renewal.stores import LABELLED, NARROW, TURNED, contents, make
from tests.toys import TOY, ToyBackbone, grey, png, toy_backbone, write_greys


@pytest.mark.parametrize("recipe", [TOY, TURNED, NARROW], ids=lambda recipe: recipe.name)
def test_a_renewed_store_is_as_if_it_had_been_made_anew_by_the_recipe(
    images: Path, store: Path, tmp_path: Path, recipe: Recipe
) -> None:
    before = contents(store)
    report = renew(store, recipe=recipe.name)
    assert report == RenewalReport(
        renewed=18,
        missing=0,
        changed=0,
        unreadable=0,
        items=18,
        recipe=recipe.name,
        previous_recipe="toy",
        fitted_on=18,
        precision="float32",
        weights={"digest": "toy weights", "origin": "a toy"},
        seconds=report.seconds,
    )
    make(images, tmp_path / "fresh", recipe)
    assert contents(store) == contents(tmp_path / "fresh")
    assert [item[:4] for item in contents(store)] == [item[:4] for item in before]
    with Store.open(store) as renewed, Store.open(tmp_path / "fresh") as fresh:
        assert renewed.ids().tolist() == list(range(18, 36))
        assert renewed.embedding.fingerprint == fresh.embedding.fingerprint
        assert renewed.embedding.spec == fresh.embedding.spec
        assert renewed.jobs()[-1].finished
    assert not (store / "renewal").exists()


def test_a_renewed_store_goes_on_with_its_source(images: Path, store: Path) -> None:
    renew(store, recipe="narrow")
    write_greys(images, {"light/254.png": 254})
    make(images, store)
    with Searcher.open(store, make_backbone=toy_backbone()) as searcher:
        assert len(searcher) == 19
        assert [hit.key for hit in searcher.by_image(grey(253), k=2).hits] == ["light/254.png", "light/255.png"]


def test_labels_and_metadata_are_those_of_the_stored_items(store: Path, images: Path, tmp_path: Path) -> None:
    before = contents(store)
    # The originals lie elsewhere by now, in a folder without labels.
    moved = tmp_path / "moved"
    images.rename(moved)
    renew(store, recipe="narrow", sources=[f"folder:{moved}"])
    assert [item[:4] for item in contents(store)] == [item[:4] for item in before]


@pytest.fixture
def halves(tmp_path: Path) -> Path:
    """Return a folder of images whose halves have random brightness, labelled by the brighter half."""
    for number, (left, right) in enumerate(np.random.default_rng(3).integers(0, 256, (20, 2), np.uint8)):
        folder = tmp_path / "halves" / ("left" if left > right else "right")
        folder.mkdir(parents=True, exist_ok=True)
        content = png(np.repeat(np.array([[left, right]], np.uint8).repeat(8, axis=0), 4, axis=1))
        (folder / f"{number}.png").write_bytes(content)
    return tmp_path / "halves"


def test_a_head_of_labels_is_fitted_on_those_of_the_stored_items(halves: Path, tmp_path: Path) -> None:
    make(halves, tmp_path / "new", LABELLED)
    make(halves, tmp_path / "store")
    moved = tmp_path / "moved"
    halves.rename(moved)
    report = renew(tmp_path / "store", recipe="labelled", sources=[f"folder:{moved}"])
    assert (report.renewed, report.recipe, report.fitted_on) == (20, "labelled", 20)
    with Store.open(tmp_path / "store") as renewed, Store.open(tmp_path / "new") as new:
        assert renewed.embedding.fingerprint == new.embedding.fingerprint


def test_a_head_of_labels_is_fitted_again_when_a_label_has_changed(halves: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    make(halves, store, LABELLED)
    assert renew(store).renewed == 0
    for image in sorted((halves / "left").iterdir())[:3]:
        image.rename(halves / "right" / image.name)
    ingest(f"folder:{halves}", store, prune=True, make_backbone=toy_backbone())
    assert renew(store).renewed == 20
    assert renew(store).renewed == 0


def test_a_store_is_made_by_its_recipe_as_it_is_now(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "toy", replace(TOY, whiten=1.0))
    renew(store)
    with Store.open(store) as renewed:
        assert renewed.embedding.spec["recipe"] == replace(TOY, whiten=1.0).as_json()


def test_a_recipe_of_ones_own_stays_as_it_is_stored(images: Path, tmp_path: Path) -> None:
    own = replace(TOY, name="my own", whiten=0.25)
    make(images, tmp_path / "store", own, limit=3)
    make(images, tmp_path / "store")
    assert renew(tmp_path / "store").renewed == 18
    with Store.open(tmp_path / "store") as renewed:
        assert renewed.embedding.spec["recipe"] == own.as_json()


def test_there_is_nothing_to_do_when_the_head_was_fitted_on_all_items(store: Path) -> None:
    assert renew(store).renewed == 18
    before = contents(store)
    assert renew(store).renewed == 0
    assert contents(store) == before


def test_a_head_that_is_not_fitted_need_not_be_renewed(images: Path, tmp_path: Path) -> None:
    make(images, tmp_path / "store", replace(TOY, name="drawn", head="dense"), limit=3)
    make(images, tmp_path / "store")
    assert renew(tmp_path / "store").renewed == 0


def test_other_weights_make_other_vectors(store: Path) -> None:
    renew(store)
    other = toy_backbone(ToyBackbone("other weights"))
    assert renew(store, make_backbone=other).renewed == 18
    with Searcher.open(store, make_backbone=other) as searcher:
        assert [hit.key for hit in searcher.by_image(grey(2), k=1).hits] == ["dark/0.png"]


def test_a_store_of_an_older_decoder_is_asked_by_key_as_ever_and_by_image_once_it_is_renewed(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, decoder = tmp_path / "store", DECODER
    monkeypatch.setattr(embedder, "DECODER", "opencv-rgb-2")
    make(images, store)
    monkeypatch.setattr(embedder, "DECODER", decoder)
    message = (
        f"expected to embed images as the store's were (decoder opencv-rgb-2), got decoder {decoder}: make its "
        f"vectors anew with `lookalike renew --store {store}`; until then ask for items by id, key or vector"
    )
    with Searcher.open(store, make_backbone=toy_backbone()) as searcher:
        assert [hit.key for hit in searcher.by_key("dark/0.png", k=1).hits] == ["dark/15.png"]
        assert error_message(OtherEmbedding, searcher.by_image, grey(2)) == message
        write_greys(images, {"light/254.png": 254})
        assert error_message(OtherEmbedding, make, images, store) == message
        assert renew(store).renewed == 18
        # The same open searcher follows.
        assert [hit.key for hit in searcher.by_image(grey(2), k=1).hits] == ["dark/0.png"]
    make(images, store)
    assert len(contents(store)) == 19


def test_imported_vectors_cannot_be_renewed(tmp_path: Path) -> None:
    np.savez(tmp_path / "vectors.npz", key=np.array(["a"]), vector=np.ones((1, 4), np.float32))
    import_file(tmp_path / "vectors.npz", tmp_path / "store", "a model")
    with pytest.raises(OtherEmbedding, match="got imported ones"):
        renew(tmp_path / "store")


def test_only_one_process_renews_a_store(store: Path) -> None:
    with Store.open(store, writing=True), pytest.raises(StoreBusy):
        renew(store)


def test_the_recipe_is_chosen_by_the_sizes_of_the_originals_when_asked(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        renew_job, "choose_recipe", lambda originals: RecipeChoice(NARROW, f"{len(originals)} pictures")
    )
    assert renew(store, recipe="auto").recipe == "narrow"
