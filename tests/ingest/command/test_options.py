"""`lookalike ingest`: its options, errors and exit status."""

from pathlib import Path

import pytest

from ingest import job
from ingest.embedding.network.backbone import Backbone
from ingest.embedding.network.precision import PrecisionOption
from ingest.embedding.recipes import Recipe
from ingest.errors import WeightsUnusable
from ingest.sources import datasets
from storage import Store
from tests.commands import Command
from tests.ingest.command.outputs import Ingest, without_time
from tests.ingest.sources.idx_files import write_split
from tests.toys import toy_backbone


def test_a_limit_takes_the_first_images_only(ingest: Ingest, store: Path) -> None:
    assert ingest("--limit", 2)[:2] == (0, "2 added in TIME; STORE holds 2 items (recipe toy).\n")
    with Store.open(store) as opened:
        assert [item.key for item in opened.items()] == ["dark/0.png", "dark/102.png"]


def test_an_error_is_one_line_and_exit_status_1(run: Command, tmp_path: Path) -> None:
    assert run("mnits", "--store", tmp_path / "store") == (
        1,
        "",
        "error: expected a source (mnist-sample, mnist, mnist:FILE.tgz, fashion-mnist, idx:DIR, npz:FILE, "
        "folder:DIR or manifest:FILE), got 'mnits'\n",
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--limit", "--batch-size"])
def test_a_number_of_images_below_one_is_wrong_usage_and_creates_nothing(
    ingest: Ingest, store: Path, option: str
) -> None:
    status, out, err = ingest(option, 0)
    assert (status, out) == (2, "")
    assert f"Invalid value for '{option}'" in err
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
