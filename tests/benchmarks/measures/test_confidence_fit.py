"""Fitting how sure it is that two pictures are copies, on a folder of a few."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.measures import altered_files, labelled_pairs, same_pictures
from benchmarks.measures.altered_files import make_folder
from benchmarks.measures.confidence_fit import fit_confidence, source_of
from ingest.job import ingest
from search.curation import copy_regression
from search.curation.confidence_model import ConfidenceModel
from storage import Store
from tests.search.curation.scenes import scene
from tests.toys import TOY, png, toy_backbone

pytestmark = pytest.mark.heavy


@pytest.fixture
def pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[labelled_pairs.LabelledPair]:
    """Return the pairs of a folder of fifteen pictures with as many copies."""
    drawings, wallpaper = tmp_path / "drawings" / "scenes", tmp_path / "wallpapers" / "one" / "contents" / "images"
    for folder in (drawings, wallpaper):
        folder.mkdir(parents=True)
    for seed in range(14):
        (drawings / f"{seed:02}.png").write_bytes(png(scene(seed)))
    cv2.imwrite(str(wallpaper / "200x150.jpg"), scene(20))
    monkeypatch.setattr(altered_files, "DRAWINGS", tmp_path / "drawings")
    monkeypatch.setattr(altered_files, "WALLPAPERS", tmp_path / "wallpapers")
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    copies = make_folder(pictures, 15, seed=3, copies=15)
    ingest(f"folder:{pictures}", tmp_path / "store", recipe=TOY, make_backbone=toy_backbone())
    same = frozenset(same_pictures.file_digest(pictures / f"picture-{number:04}.png") for number in (1, 2))
    monkeypatch.setattr(same_pictures, "same_drawings", lambda: {same})
    with Store.open(tmp_path / "store") as store:
        return list(labelled_pairs.labelled_pairs(pictures, store, copies))


def test_pairs_of_a_folder_are_copies_others_or_unclear(pairs: list[labelled_pairs.LabelledPair]) -> None:
    kinds = {(pair.first, pair.second): pair.is_copy for pair in pairs}
    assert {"picture-0000.jpg", "picture-0001.png"} <= {name for pair in kinds for name in pair}
    assert sum(is_copy is True for is_copy in kinds.values()) >= 5
    assert sum(is_copy is False for is_copy in kinds.values()) >= 20
    unclear = {"picture-0001.png", "picture-0002.png"}
    assert all(is_copy is None for pair, is_copy in kinds.items() if set(pair) == unclear)


def test_copies_are_surer_than_others_by_the_fitted_model_which_can_be_written_down(
    pairs: list[labelled_pairs.LabelledPair],
) -> None:
    model = fit_confidence(pairs)
    odds: dict[bool | None, list[float]] = {True: [], False: [], None: []}
    for pair in pairs:
        odds[pair.is_copy].append(model.log_odds(pair.evidence.values()))
    assert np.median(odds[True]) > 0 > np.median(odds[False])
    written: dict[str, ConfidenceModel] = {}
    exec(source_of(model), written)
    assert written["MODEL"] == model


def test_the_model_in_use_is_of_the_values_and_products_of_a_fit() -> None:
    model = copy_regression.MODEL
    count = len(model.mean)
    assert (len(model.scale), len(model.linear)) == (count, count)
    assert [len(row) for row in model.products] == list(range(count, 0, -1))
    scaled = np.arange(1.0, count + 1)
    coefficients = np.concatenate((model.linear, *model.products))
    expected = model.constant + float(ConfidenceModel.terms(scaled[None])[0] @ coefficients)
    values = (scaled * model.scale + model.mean).tolist()
    assert model.log_odds(values) == pytest.approx(expected)
