"""`lookalike renew`: all vectors are made anew from the originals, and taken over at once."""

import json
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest import job, renew_job
from ingest.__main__ import app, jobs_app
from ingest.embedding import embedder
from ingest.embedding.recipes import RECIPES, Recipe
from ingest.errors import OriginalsMissing, SourceUnusable
from ingest.images.decoding import DECODER
from ingest.job import ingest
from ingest.pipeline.progress import Progress
from ingest.pipeline.recipe_choice import RecipeChoice
from ingest.renew_job import RenewalReport, renew
from search import Searcher
from storage import Store
from storage.errors import OtherEmbedding, StoreBusy, StoreRenewed
from storage.transfer.import_export import import_file
from tests.commands import Command
from tests.errors import error_message
from tests.ingest.jobs import Killed
from tests.processes import python
from tests.toys import TOY, ToyBackbone, grey, grey_source, png, toy_backbone, write_greys

#: Recipes of the same dimension as the toy recipe, and of another.
TURNED = replace(TOY, name="turned", whiten=0.5)
NARROW = replace(TOY, name="narrow", dim=2)
#: With a head that is fitted on the labels too.
LABELLED = replace(TOY, name="labelled", head="ridge", whiten=0.25)

LEVELS = {f"{'dark' if level < 128 else 'light'}/{level}.png": level for level in range(0, 256, 15)}


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    for recipe in (TOY, TURNED, NARROW, LABELLED):
        monkeypatch.setitem(RECIPES, recipe.name, recipe)
    monkeypatch.setattr(renew_job, "vgg16_factory", lambda *_, **__: toy_backbone())


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_greys(tmp_path / "images", LEVELS)


@pytest.fixture
def store(images: Path, tmp_path: Path) -> Path:
    """Return a store of the images, whose head was fitted on three of them only."""
    make(images, tmp_path / "store", limit=3)
    make(images, tmp_path / "store")
    return tmp_path / "store"


def make(images: Path, store: Path, recipe: Recipe = TOY, limit: int | None = None) -> None:
    """Ingest a folder, by a recipe if the store is new."""
    recipe_or_stored = None if Store.exists_at(store) else recipe
    ingest(f"folder:{images}", store, recipe=recipe_or_stored, limit=limit, make_backbone=toy_backbone())


def contents(store: Path) -> list[tuple[str, str | None, dict[str, Any], bytes, bytes]]:
    """Return all of each item but its id, in the order of their ids: key, label, metadata, content and vector."""
    with Store.open(store) as opened:
        assert opened.verify() == []
        vectors = opened.vectors([item.id for item in opened.items()])
        thumbnails = opened.thumbnails(opened.ids().tolist())
        assert len(thumbnails) == len(vectors)
        return [
            (item.key, item.label, dict(item.metadata), item.content, vector.tobytes())
            for item, vector in zip(opened.items(), vectors, strict=True)
        ]


def kill_after(batches: int, stage: str = "ingesting") -> Callable[[Progress], None]:
    """Return a progress function that ends a job after some reports of a stage, as a kill would."""
    remaining = [batches]

    def on_progress(progress: Progress) -> None:
        if progress.stage == stage and (stage != "ingesting" or progress.done):
            remaining[0] -= 1
            if remaining[0] < 0:
                raise Killed

    return on_progress


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


def test_a_source_that_was_an_object_is_given_again(tmp_path: Path) -> None:
    source, store = grey_source({"a": 0, "b": 51, "c": 102}), tmp_path / "store"
    ingest(source, store, recipe=TOY, make_backbone=toy_backbone(), limit=2)
    ingest(source, store, make_backbone=toy_backbone())
    assert error_message(OriginalsMissing, renew, store) == (
        "expected the originals of all 3 items as they were, got 3 missing (a, b, c); expected a source that a "
        "command can open again, got (greys), which a program passed as an object: have it call `ingest` again: "
        "restore them, name where they are with --source, or delete their items with --drop-missing"
    )
    assert renew(store, sources=[source]).renewed == 3


@pytest.mark.parametrize("recipe", ["toy", "notebook"])
def test_missing_originals_are_dropped_also_when_no_vector_would_change(images: Path, store: Path, recipe: str) -> None:
    renew(store, recipe="narrow" if recipe == "toy" else recipe)
    (images / "dark/0.png").unlink()
    report = renew(store, drop_missing=True)
    assert (report.missing, report.items) == (1, 17)
    assert "dark/0.png" not in [item[0] for item in contents(store)]


def test_items_of_several_sources_are_found_in_them(store: Path, tmp_path: Path) -> None:
    make(write_greys(tmp_path / "more", {"a.png": 7, "b.png": 70}), store)
    assert renew(store, recipe="narrow").renewed == 20


def test_missing_originals_stop_it_before_anything_is_embedded(images: Path, store: Path) -> None:
    before = contents(store)
    for level in (0, 15, 30, 45):
        (images / f"dark/{level}.png").unlink()
    backbone = ToyBackbone()
    assert error_message(OriginalsMissing, renew, store, make_backbone=toy_backbone(backbone)) == (
        "expected the originals of all 18 items as they were, got 4 missing (dark/0.png, dark/15.png, dark/30.png, "
        "...): restore them, name where they are with --source, or delete their items with --drop-missing"
    )
    assert backbone.batches == 0
    assert contents(store) == before


def test_changed_and_unreadable_originals_stop_it_and_what_was_made_is_kept(images: Path, store: Path) -> None:
    before = contents(store)
    original = (images / "dark/0.png").read_bytes()
    (images / "dark/0.png").write_bytes(png(grey(3)))
    (images / "dark/15.png").write_bytes(b"<html>")
    assert error_message(OriginalsMissing, renew, store, recipe="narrow") == (
        "expected the originals of all 18 items as they were, got 1 changed (dark/0.png), 1 that cannot be read "
        "(dark/15.png): restore them, name where they are with --source, or delete their items with --drop-missing; "
        "the new vectors made so far are kept"
    )
    assert contents(store) == before
    (images / "dark/0.png").write_bytes(original)
    backbone = ToyBackbone()
    report = renew(store, recipe="narrow", drop_missing=True, make_backbone=toy_backbone(backbone))
    assert (report.renewed, report.unreadable, report.items) == (17, 1, 17)
    # One batch for the canary images, and one for the restored image.
    assert backbone.batches == 2
    assert [item[:4] for item in contents(store)] == [item[:4] for item in before if item[0] != "dark/15.png"]


def test_items_whose_originals_are_lost_can_be_dropped(images: Path, store: Path) -> None:
    (images / "dark/0.png").unlink()
    (images / "dark/15.png").write_bytes(png(grey(16)))
    report = renew(store, drop_missing=True)
    assert (report.renewed, report.missing, report.changed, report.unreadable) == (16, 1, 1, 0)
    make(images, store)
    assert len(contents(store)) == 17


def test_an_image_of_another_content_in_a_given_source_is_not_the_original(
    images: Path, store: Path, tmp_path: Path
) -> None:
    given = write_greys(tmp_path / "given", {"dark/0.png": 77, "dark/15.png": 15})
    (images / "dark/15.png").unlink()
    report = renew(store, sources=[f"folder:{given}"], drop_missing=True)
    assert (report.renewed, report.missing, report.changed) == (18, 0, 0)


def test_an_original_that_may_be_there_unlisted_is_never_dropped(images: Path, store: Path, tmp_path: Path) -> None:
    before = contents(store)
    (images / "dark").rename(tmp_path / "elsewhere")
    (images / "dark").symlink_to(tmp_path / "elsewhere")
    assert error_message(OriginalsMissing, renew, store, drop_missing=True) == (
        "expected sources that list the originals they have, got 9 that may be there (dark/0.png, dark/105.png, "
        "dark/120.png, ...): make their folders readable, put folders in the place of links to them, or name where "
        "the originals are with --source"
    )
    assert contents(store) == before


def test_why_originals_are_missing_is_reported(store: Path, tmp_path: Path) -> None:
    more = write_greys(tmp_path / "more", {"a.png": 7})
    make(more, store)
    more.rename(tmp_path / "gone")
    report = renew(store, drop_missing=True)
    assert (report.renewed, report.missing) == (18, 1)
    assert len(report.reasons) == 1
    assert report.reasons[0].startswith(f"expected a folder of images, got {more}")


def test_an_interrupted_renewal_by_labels_begins_anew_when_labels_changed(images: Path, store: Path) -> None:
    with pytest.raises(Killed):
        renew(store, recipe="labelled", on_progress=kill_after(0, "changing over"))
    (images / "dim").mkdir()
    for level in (0, 30, 60, 90):
        (images / f"dark/{level}.png").rename(images / f"dim/{level}.png")
    make(images, store)
    assert renew(store, recipe="labelled").renewed == 18
    # Its head is the one that these labels give.
    assert renew(store, recipe="labelled").renewed == 0


def test_items_are_never_all_dropped(images: Path, store: Path) -> None:
    before = contents(store)
    images.rename(images.with_name("elsewhere"))
    with pytest.raises(OriginalsMissing, match=r"got 18 missing .*; expected a folder of images"):
        renew(store, drop_missing=True)
    assert contents(store) == before


def test_a_named_source_that_cannot_be_opened_is_an_error(store: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceUnusable, match="expected a folder of images"):
        renew(store, sources=[f"folder:{tmp_path / 'nothing'}"])


@pytest.mark.parametrize("kills", [1, 2])
def test_an_interrupted_renewal_is_resumed_and_queries_are_answered_from_the_old_vectors(
    images: Path, store: Path, tmp_path: Path, kills: int
) -> None:
    before = contents(store)
    for _ in range(kills):
        with pytest.raises(Killed):
            renew(store, recipe="narrow", batch_size=4, on_progress=kill_after(1))
        assert contents(store) == before
    backbone = ToyBackbone()
    renew(store, recipe="narrow", make_backbone=toy_backbone(backbone))
    assert backbone.batches <= 3
    make(images, tmp_path / "fresh", NARROW)
    assert contents(store) == contents(tmp_path / "fresh")


def test_an_interrupted_renewal_by_another_recipe_is_begun_anew(images: Path, store: Path, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        renew(store, recipe="narrow", batch_size=4, on_progress=kill_after(1))
    renew(store, recipe="turned")
    make(images, tmp_path / "fresh", TURNED)
    assert contents(store) == contents(tmp_path / "fresh")


def test_a_renewal_interrupted_after_it_had_changed_over_is_finished(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish(opened: Store) -> None:
        if opened.folder == store:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Store, "publish", publish)
        with pytest.raises(Killed):
            renew(store, recipe="narrow")
    renewed = contents(store)
    assert (store / "renewal").exists()
    backbone = ToyBackbone()
    assert renew(store, recipe="narrow", make_backbone=toy_backbone(backbone)).renewed == 18
    assert backbone.batches == 0
    assert contents(store) == renewed
    assert not (store / "renewal").exists()
    assert renew(store, recipe="narrow").renewed == 0


def test_imported_vectors_cannot_be_renewed(tmp_path: Path) -> None:
    np.savez(tmp_path / "vectors.npz", key=np.array(["a"]), vector=np.ones((1, 4), np.float32))
    import_file(tmp_path / "vectors.npz", tmp_path / "store", "a model")
    with pytest.raises(OtherEmbedding, match="got imported ones"):
        renew(tmp_path / "store")


def test_only_one_process_renews_a_store(store: Path) -> None:
    with Store.open(store, writing=True), pytest.raises(StoreBusy):
        renew(store)


#: Renews the store that is its argument to and fro, by a recipe of another dimension each time.
RENEWER = """
import sys
from tests.ingest.test_renew import NARROW, TOY, toy_backbone, renew
print("started", flush=True)
for number in range(int(sys.argv[2])):
    renew(sys.argv[1], recipe=(NARROW, TOY)[number % 2], make_backbone=toy_backbone())
"""


def test_every_answer_while_a_store_is_renewed_is_entirely_from_the_old_or_the_new_vectors(
    images: Path, store: Path, tmp_path: Path
) -> None:
    renew(store)
    make(images, tmp_path / "narrow", NARROW)
    with opened(store) as old, opened(tmp_path / "narrow") as new:
        expected = [set(results) for results in zip(answers(old), answers(new), strict=True)]
    seen: list[set[str]] = [set(), set()]
    refused = 0
    with python(RENEWER, store, 4) as renewer, opened(store) as searcher:
        while renewer.poll() is None:
            for results, answer in zip(seen, answers(searcher), strict=True):
                results.add(answer)
            try:
                searcher.by_vector(np.zeros(searcher.store.dim))
            except StoreRenewed:
                refused += 1
                searcher.refresh()
        assert renewer.wait() == 0
    assert seen == expected
    assert refused


def opened(store: Path) -> Searcher:
    return Searcher.open(store, make_backbone=toy_backbone())


def answers(searcher: Searcher) -> list[str]:
    """Return the answers to a query by key and to one by image; their distances tell which vectors were compared."""
    results = searcher.by_key("dark/0.png", k=3), searcher.by_image(grey(40), k=3)
    return [str([(hit.key, hit.distance) for hit in result.hits]) for result in results]


def test_ctrl_c_stops_after_a_batch_and_the_same_command_goes_on(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Command(jobs_app, monkeypatch, capsys)
    interrupting = threading.Event()

    class Interrupting(ToyBackbone):
        def features(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
            # Not while the head is fitted: its 18 images take three batches.
            if self.batches == 3 and not interrupting.is_set():
                interrupting.set()
                os.kill(os.getpid(), signal.SIGINT)
            return super().features(images)

    monkeypatch.setattr(renew_job, "vgg16_factory", lambda *_, **__: toy_backbone(Interrupting()))
    code, out, err = run("renew", "--store", store, "--recipe", "narrow", "--batch-size", "4")
    assert (code, out) == (130, "")
    assert err.endswith("interrupted: everything acknowledged so far is kept; run the same command again to go on\n")
    code, out, _ = run("renew", "--store", store, "--recipe", "narrow")
    assert (code, out.partition(" in ")[0]) == (0, "18 renewed")


def test_the_command_says_what_it_did(
    images: Path, store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Command(jobs_app, monkeypatch, capsys)
    (images / "dark/0.png").unlink()
    code, out, _ = run("renew", "--store", store, "--recipe", "narrow")
    assert (code, out) == (1, "")
    code, out, err = run("renew", "--store", store, "--recipe", "narrow", "--drop-missing")
    before, _, after = out.partition(" s; ")
    assert (code, before.partition(" in ")[0]) == (0, "17 renewed, 1 missing dropped")
    assert after == f"{store} holds 17 items under new ids (recipe from toy to narrow, head fitted on 17 images).\n"
    assert err.splitlines()[-1] == (
        f"the catalog still has the space of the old rows: `lookalike store delete --compact --store {store}` gives it "
        "back, and deletes no item"
    )
    code, out, _ = run("renew", "--store", store)
    assert (code, out) == (
        0,
        f"Nothing to do: {store} holds 17 items with the vectors that would be made anew (recipe narrow).\n",
    )
    code, out, _ = run("renew", "--store", store, "--json")
    assert json.loads(out)["renewed"] == 0


def test_a_job_that_outgrows_the_head_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    images, store = tmp_path / "images", tmp_path / "store"
    write_greys(images, {f"{number}.png": number for number in range(20)})
    monkeypatch.setattr(embedder, "ENOUGH_IMAGES", 18)
    run = Command(app, monkeypatch, capsys)
    monkeypatch.setattr(job, "vgg16_factory", lambda *_, **__: toy_backbone())
    command = (f"folder:{images}", "--store", store)
    assert run(*command, "--recipe", "toy", "--limit", 9)[2].endswith("writing the index: 9 of 9\n")
    assert run(*command, "--limit", 17)[2].endswith("writing the index: 17 of 17\n")
    assert run(*command)[2].endswith(
        "writing the index: 20 of 20\n"
        "the head was fitted on 9 images, and the store has 20 by now: "
        f"`lookalike renew --store {store}` makes better vectors\n"
    )
    assert renew(store).fitted_on == 20
    report = ingest(f"folder:{images}", store)
    assert (report.fitted_on, report.outgrown) == (20, False)


def test_the_recipe_is_chosen_by_the_sizes_of_the_originals_when_asked(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        renew_job, "choose_recipe", lambda originals: RecipeChoice(NARROW, f"{len(originals)} pictures")
    )
    assert renew(store, recipe="auto").recipe == "narrow"
