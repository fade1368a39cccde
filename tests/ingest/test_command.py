"""`lookalike ingest`: what it prints where, and how it ends."""

import io
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from ingest import job
from ingest.__main__ import app
from ingest.embedding.network.backbone import Backbone
from ingest.embedding.network.precision import PrecisionOption
from ingest.embedding.recipes import RECIPES, Recipe
from ingest.errors import WeightsUnusable
from ingest.pipeline.recipe_choice import RecipeChoice
from ingest.sources import datasets
from storage import Store, console
from tests.commands import Command
from tests.ingest.images.refusals import DECODABLE
from tests.ingest.jobs import no_weights
from tests.ingest.sources.idx_files import write_split
from tests.storage.stores import files
from tests.toys import TOY, grey, png, toy_backbone, write_greys

Ingest = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def toy_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the default recipe by the toy recipe, and VGG16 by the toy backbone."""
    monkeypatch.setattr(job, "choose_recipe", lambda _: RecipeChoice(TOY, ""))
    monkeypatch.setitem(RECIPES, "toy", TOY)
    monkeypatch.setattr(job, "vgg16_factory", lambda *_, **__: toy_backbone())


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_greys(tmp_path / "images", {f"dark/{level}.png": level for level in (0, 51, 102)})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(app, monkeypatch, capsys)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def ingest(run: Command, images: Path, store: Path) -> Ingest:
    """Return a function that ingests the images into the store with options, like `run`.

    In the output, STORE stands for the store's path, and TIME for the seconds and the speed.
    """

    def ingest(*options: object) -> tuple[int, str, str]:
        status, out, err = run(f"folder:{images}", "--store", store, *options)
        return status, without_time(out).replace(str(store), "STORE"), err

    return ingest


def without_time(text: str) -> str:
    return re.sub(r"in \d+\.\d s, \d+ images/s", "in TIME", text)


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
    assert ingest()[:2] == (3, "Nothing to do: 3 images unchanged, 1 rejected; STORE holds 3 items (recipe toy).\n")


def test_what_changed_in_a_folder_is_told_and_removed_only_when_asked(ingest: Ingest, images: Path) -> None:
    ingest()
    (images / "dark" / "51.png").unlink()
    (images / "dark" / "0.png").rename(images / "black.png")
    status, out, err = ingest()
    assert (status, out) == (0, "0 added, 1 moved, 1 unchanged in TIME; STORE holds 3 items (recipe toy).\n")
    gone = "items of this source that are no longer there: 1; the same command with --prune removes them"
    assert err.splitlines()[-1] == gone
    status, out, err = ingest("--prune")
    assert (status, out) == (0, "0 added, 1 removed, 2 unchanged in TIME; STORE holds 2 items (recipe toy).\n")
    assert gone not in err


def test_more_than_half_is_removed_with_yes_only(ingest: Ingest, images: Path, store: Path) -> None:
    ingest()
    for level in (0, 51):
        (images / "dark" / f"{level}.png").unlink()
    status, out, err = ingest("--prune")
    assert (status, out, err.splitlines()[-1]) == (
        1,
        "",
        f"error: expected at most half of the 3 items of folder:{images} to be gone, got 2: none was removed, and all "
        "else was stored; check the source, or add --yes",
    )
    with Store.open(store) as opened:
        assert len(opened) == 3
    assert ingest("--prune", "--yes")[:2] == (
        0,
        "0 added, 2 removed, 1 unchanged in TIME; STORE holds 1 items (recipe toy).\n",
    )
    assert ingest("--yes")[0] == 2


@pytest.mark.parametrize(("answer", "removed"), [("y\n", True), ("n\n", False)])
def test_on_a_terminal_the_user_is_asked(
    answer: str, removed: bool, ingest: Ingest, images: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest()
    for level in (0, 51):
        (images / "dark" / f"{level}.png").unlink()
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr(console, "ERR", Console(file=sys.stderr, force_terminal=True))
    status, _, err = ingest("--prune")
    assert "2 of the 3 items of the source are no longer there. Remove them? [y/N]:" in err
    with Store.open(store) as opened:
        assert (status, len(opened)) == ((0, 1) if removed else (1, 3))


def test_a_dry_run_lists_what_a_job_would_do_and_does_nothing(
    ingest: Ingest, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "vgg16_factory", no_weights)
    status, out, err = ingest("--dry-run")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "added dark/0.png",
        "added dark/102.png",
        "added dark/51.png",
        "A job would do this: 3 added; nothing was written.",
    ]
    assert not store.exists()


def test_a_dry_run_of_a_second_job_names_every_change(ingest: Ingest, images: Path, store: Path) -> None:
    ingest()
    before = files(store)
    (images / "dark" / "51.png").unlink()
    (images / "dark" / "0.png").rename(images / "black.png")
    (images / "dark" / "102.png").write_bytes(png(grey(103)))
    (images / "dark" / "new.png").symlink_to("nothing.png")
    status, out, err = ingest("--dry-run", "--prune")
    assert (status, out.splitlines()) == (
        3,
        [
            "moved dark/0.png -> black.png",
            "replaced dark/102.png",
            "removed dark/51.png",
            "A job would do this: 0 added, 1 replaced, 1 moved, 1 removed, 1 rejected; nothing was written.",
        ],
    )
    assert err.startswith("rejected dark/new.png: ")
    status, out, _ = ingest("--dry-run", "--json")
    document = json.loads(out)
    assert [reject["key"] for reject in document.pop("rejects")] == ["dark/new.png"]
    assert (status, document) == (
        3,
        {
            "added": 0,
            "unchanged": 0,
            "replaced": 1,
            "moved": 1,
            "relabelled": 0,
            "gone": 1,
            "pruned": 0,
            "most_are_gone": False,
            "rejected": 1,
            "columns": {},
            "items": 3,
            "changes": [
                {"change": "moved", "key": "black.png", "moved_from": "dark/0.png"},
                {"change": "replaced", "key": "dark/102.png", "moved_from": None},
            ],
        },
    )
    assert files(store) == before


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


def test_a_limit_takes_the_first_images_only(ingest: Ingest, store: Path) -> None:
    assert ingest("--limit", 2)[:2] == (0, "2 added in TIME; STORE holds 2 items (recipe toy).\n")
    with Store.open(store) as opened:
        assert [item.key for item in opened.items()] == ["dark/0.png", "dark/102.png"]


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


def test_an_error_is_one_line_and_exit_status_1(run: Command, tmp_path: Path) -> None:
    assert run("mnits", "--store", tmp_path / "store") == (
        1,
        "",
        "error: expected a source (mnist-sample, mnist, fashion-mnist, idx:DIR, npz:FILE, folder:DIR or "
        "manifest:FILE), got 'mnits'\n",
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--limit", "expected the limit to be a whole number of at least 1, got 0: leave it out for every image"),
        ("--batch-size", "expected the batch size to be a whole number of at least 1, got 0: leave it out for 512"),
    ],
)
def test_a_number_of_images_below_one_is_an_error_in_one_line_and_creates_nothing(
    ingest: Ingest, store: Path, option: str, message: str
) -> None:
    assert ingest(option, 0) == (1, "", f"error: {message}\n")
    assert not store.exists()


def test_missing_weights_are_one_line_and_leave_nothing_behind(
    ingest: Ingest, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_weights(_: Recipe, __: PrecisionOption) -> Backbone:
        raise WeightsUnusable("expected weights,\ngot none")

    monkeypatch.setattr(job, "vgg16_factory", lambda *_, **__: no_weights)
    assert ingest() == (1, "", "fitting: 0 of 3\nerror: expected weights, got none\n")
    assert not store.exists()


def test_an_unknown_recipe_is_one_line(ingest: Ingest) -> None:
    assert ingest("--recipe", "best") == (
        1,
        "",
        "error: expected a recipe (notebook, retrieval, metric, photo, photo-metric, toy or a .toml file), "
        "got 'best'\n",
    )


def test_weights_and_download_are_passed_on(
    run: Command, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: list[tuple[object, bool]] = []

    def record(weights: object, *, download: bool) -> object:
        options.append((weights, download))
        return toy_backbone()

    monkeypatch.setattr(job, "vgg16_factory", record)
    run(f"folder:{images}", "--store", tmp_path / "one")
    run(f"folder:{images}", "--store", tmp_path / "two", "--weights", "vgg.h5", "--download")
    assert options == [(None, False), (Path("vgg.h5"), True)]


def test_download_is_for_data_sets_as_well(
    run: Command, tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(_: str) -> None:
        for prefix in ("train", "t10k"):
            write_split(tmp_path / "keras" / "datasets" / "mnist", prefix)

    monkeypatch.setattr(datasets, "DATASET_FOLDERS", ())
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(datasets, "download_dataset", download)
    status, out, _ = run("mnist", "--store", store, "--download")
    assert (status, without_time(out)) == (0, f"6 added in TIME; {store} holds 6 items (recipe toy).\n")


def test_flat_gives_no_labels(run: Command, images: Path, tmp_path: Path) -> None:
    run(f"folder:{images}", "--store", tmp_path / "labelled")
    run(f"folder:{images}", "--store", tmp_path / "flat", "--flat")
    for name, label in (("labelled", "dark"), ("flat", None)):
        with Store.open(tmp_path / name) as store:
            assert store.label_counts() == {label: 3}


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (["mnist-sample"], "'--store'"),
        (["--store", "store"], "'source'"),
        (["mnist-sample", "--store", "store", "--limit", "few"], "'--limit'"),
        (["mnist-sample", "--store", "store", "--batch-size", "1.5"], "'--batch-size'"),
        (["mnist-sample", "--store", "store", "--limitt", "1"], "--limitt"),
    ],
)
def test_wrong_usage_is_exit_status_2_and_names_the_option(run: Command, args: list[str], named: str) -> None:
    status, out, err = run(*args)
    assert (status, out) == (2, "")
    assert named in err
