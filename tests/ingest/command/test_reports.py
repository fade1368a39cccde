"""`lookalike ingest`: what it says of its work, and where."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from ingest import job
from ingest.embedding.network.backbone import Backbone
from ingest.embedding.network.precision import PrecisionOption
from ingest.embedding.recipes import Recipe
from ingest.pipeline.recipe_choice import RecipeChoice
from tests.commands import Command
from tests.ingest.command.outputs import Ingest, without_time
from tests.ingest.images.refusals import DECODABLE
from tests.toys import TOY, grey, png, toy_backbone


def test_a_first_job_says_how_many_images_it_added_and_shows_progress_on_standard_error(ingest: Ingest) -> None:
    assert ingest() == (
        0,
        "3 added in TIME; STORE holds 3 items (recipe toy).\n",
        "fitting: 0 of 3\ningesting: 3 of 3\nwriting the index: 3 of 3\n",
    )


def test_a_new_store_says_why_it_has_its_recipe_unless_one_was_asked_for(
    ingest: Ingest, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = "0 of 3 pictures are longer than 64 pixels"
    monkeypatch.setattr(job, "choose_recipe", lambda _: RecipeChoice(TOY, why))
    assert ingest()[1] == f"3 added in TIME; STORE holds 3 items (recipe toy: {why}).\n"
    assert ingest("--recipe", "auto")[1] == "Nothing to do: 3 images unchanged; STORE holds 3 items (recipe toy).\n"
    shutil.rmtree(store)
    assert ingest("--recipe", "toy")[1] == "3 added in TIME; STORE holds 3 items (recipe toy).\n"


def test_a_second_job_says_that_there_is_nothing_to_do(ingest: Ingest) -> None:
    ingest()
    assert ingest()[:2] == (0, "Nothing to do: 3 images unchanged; STORE holds 3 items (recipe toy).\n")


def test_a_third_job_counts_the_new_the_replaced_and_the_unchanged(ingest: Ingest, images: Path) -> None:
    ingest()
    (images / "dark" / "51.png").write_bytes(png(grey(52)))
    (images / "light.png").write_bytes(png(grey(200)))
    assert ingest()[:2] == (0, "1 added, 1 replaced, 2 unchanged in TIME; STORE holds 4 items (recipe toy).\n")


def test_rejected_images_are_named_with_their_reason_and_the_exit_status_is_3(ingest: Ingest, images: Path) -> None:
    (images / "dark" / "50.png").write_bytes(b"<html>")
    status, out, err = ingest()
    assert (status, out) == (3, "3 added, 1 rejected in TIME; STORE holds 3 items (recipe toy).\n")
    assert err.splitlines()[-1] == f"rejected dark/50.png: {DECODABLE} dark/50.png: a web page"
    assert ingest()[:2] == (3, "0 added, 3 unchanged, 1 rejected in TIME; STORE holds 3 items (recipe toy).\n")


def test_what_a_library_prints_during_a_job_is_not_on_standard_output(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def talkative_backbone(recipe: Recipe, precision: PrecisionOption) -> Backbone:
        sys.stdout.write("(raylet) a task failed and will be retried\n")
        return toy_backbone()(recipe, precision)

    monkeypatch.setattr(job, "vgg16_factory", lambda *_, **__: talkative_backbone)
    status, out, err = ingest("--json")
    assert (status, json.loads(out)["added"]) == (0, 3)
    assert "(raylet) a task failed and will be retried\n" in err


def test_json_is_the_only_thing_on_standard_output(ingest: Ingest, images: Path) -> None:
    (images / "dark" / "50.png").write_bytes(b"")
    status, out, _ = ingest("--json")
    document = json.loads(out)
    measured = {name: document.pop(name) for name in ("seconds", "images_per_second", "stage_seconds", "peak_rss_mb")}
    assert (status, document) == (
        3,
        {
            "added": 3,
            "unchanged": 0,
            "replaced": 0,
            "moved": 0,
            "relabelled": 0,
            "gone": 0,
            "pruned": 0,
            "other_sources": {},
            "rejected": 1,
            "rejects": [{"key": "dark/50.png", "reason": f"{DECODABLE} dark/50.png: an empty file"}],
            "skipped": {},
            "columns": {},
            "items": 3,
            "recipe": "toy",
            "recipe_reason": "",
            "fitted_on": 3,
            "outgrown": False,
            "precision": "float32",
            "weights": {"digest": "toy weights", "origin": "a toy"},
            "drift": None,
        },
    )
    assert measured["seconds"] > 0
    assert measured["peak_rss_mb"] > 1


def test_pictures_of_kinds_that_are_not_read_are_named_at_the_end(ingest: Ingest, images: Path) -> None:
    (images / "dark" / "51.nef").write_bytes(b"raw")
    (images / "dark" / "logo.svg").write_bytes(b"<svg/>")
    status, out, err = ingest()
    assert (status, out) == (0, "3 added in TIME; STORE holds 3 items (recipe toy).\n")
    assert err.splitlines()[-1] == (
        "skipped 1 RAW and 1 SVG files, which are not read: export as JPEG or PNG what belongs into the store"
    )
    status, out, _ = ingest("--json")
    assert (status, json.loads(out)["skipped"]) == (0, {"RAW": 1, "SVG": 1})


def test_what_the_columns_of_a_manifest_are_read_as_is_told_at_the_end(
    run: Command, images: Path, tmp_path: Path
) -> None:
    manifest = images / "list.csv"
    manifest.write_text("path,label,score,flag\ndark/0.png,a,0.5,true\ndark/102.png,b,NA,maybe\n")
    arguments = (f"manifest:{manifest}", "--store", tmp_path / "store")
    told = "columns read as numbers where 'NA' is nothing: score; as texts since line 3 has 'maybe': flag"
    assert run(*arguments, "--dry-run")[2].splitlines()[-1] == told
    _, out, err = run(*arguments)
    assert (without_time(out), err.splitlines()[-1]) == (
        f"2 added in TIME; {tmp_path / 'store'} holds 2 items (recipe toy).\n",
        told,
    )
    _, out, err = run(*arguments, "--json")
    assert (json.loads(out)["columns"], told in err) == (
        {"score": "numbers where 'NA' is nothing", "flag": "texts since line 3 has 'maybe'"},
        False,
    )


def test_the_name_of_a_store_is_shown_as_it_is(run: Command, images: Path, tmp_path: Path) -> None:
    """Brackets are no markup, and a word between colons no emoji."""
    _, out, _ = run(f"folder:{images}", "--store", tmp_path / "[bold] :cat:")
    assert without_time(out) == f"3 added in TIME; {tmp_path / '[bold] :cat:'} holds 3 items (recipe toy).\n"
