"""Every command that computes on a whole store, over stores with next to nothing in them or nothing to tell apart.

The images are of one grey level each, so the distance of two is 2 |v - w| / 255, whatever the dimension.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.__main__ import app as benchmarks_app
from ingest.__main__ import jobs_app
from search import searcher
from search.__main__ import app
from search.map_places import tsne
from search.map_places.tsne import Points
from search.searcher import Searcher
from storage import Store
from storage.__main__ import app as storage_app
from tests.commands import Command
from tests.search.stores import grey_store
from tests.toys import TOY, grey, png, toy_backbone

pytestmark = pytest.mark.heavy


@dataclass(frozen=True)
class Case:
    """The grey level and label of each item, in the order of their ids."""

    levels: list[int]
    labels: list[str | None]
    #: The ids of the items whose label is not that of their neighbours, and how many were checked.
    suspects: list[int]
    checked: int
    dim: int = 4

    @property
    def keys(self) -> list[str]:
        return [f"item {id}" for id in range(len(self.levels))]


#: No two of them are equally far from a third.
STEPS = [2**number - 1 for number in range(9)]
CASES = {
    "no item": Case([], [], [], 0),
    "one item": Case([51], ["a"], [], 0),
    "one item without a label": Case([51], [None], [], 0),
    "two items": Case([51, 153], ["a", "b"], [], 0),
    "two equal items of one label": Case([51, 51], ["a", "a"], [], 2),
    # The only other item of label a has the vote on item 0, and the only one of label b, which is nearer, on item 1.
    "three items": Case([51, 153, 204], ["a", "a", "b"], [1], 2),
    # Seven items vote on each, those of the lowest ids, of which only its own label's have a majority for item 8.
    "all equal": Case([51] * 10, ["a", "b"] * 5, [*range(8), 9], 10),
    "two values": Case([51, 204] * 5, ["a", "b"] * 5, [], 10),
    "one label": Case(STEPS, ["a"] * 9, [], 9),
    "no labels": Case(STEPS, [None] * 9, [], 0),
    "all labels different": Case(STEPS, list("abcdefghi"), [], 0),
}
CASES |= {f"{name}, one dimension": replace(CASES[name], dim=1) for name in ("one item", "all equal", "two values")}


@pytest.fixture(scope="module", params=list(CASES.values()), ids=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture(scope="module")
def store(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    levels = dict(zip(case.keys, case.levels, strict=True)) or {"deleted": 0}
    labels = {key: label for key, label in zip(case.keys, case.labels, strict=True) if label is not None}
    folder = grey_store(tmp_path_factory.mktemp("degenerate"), levels, labels, replace(TOY, dim=case.dim))
    if not case.levels:
        with Store.open(folder, writing=True) as opened:
            opened.delete(keys=["deleted"])
    return folder


@pytest.fixture(autouse=True)
def toy_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searcher, "vgg16_factory", lambda _=None: toy_backbone())


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(app, monkeypatch, capsys)


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> list[Points]:
    """Collect the points that maps are drawn of."""
    drawn: list[Points] = []
    computed = tsne.tsne

    def recorded(vectors: Any) -> Points:
        drawn.append(computed(vectors))
        return drawn[-1]

    monkeypatch.setattr(tsne, "tsne", recorded)
    return drawn


def nearest(case: Case, level: float, excluded: int | None = None) -> list[tuple[int, float]]:
    """Return ids and distances, nearest first, by comparing every item."""
    pairs = [(2 * abs(level - other) / 255, id) for id, other in enumerate(case.levels) if id != excluded]
    return [(id, distance) for distance, id in sorted(pairs)]


def hits(document: Any) -> list[tuple[int, Any]]:
    return [(hit["id"], pytest.approx(hit["distance"], abs=1e-6)) for hit in document["hits"]]


def error_of(outcome: tuple[int, str, str]) -> str:
    """Return the error of a command that failed in one line."""
    status, out, err = outcome
    assert (status, out, err.count("\n")) == (1, "", 1)
    return err


def answer(search: Command, store: Path, *options: object) -> Any:
    """Return the document of a query; when it has no hits, why is told beside it."""
    status, out, err = search("query", "--store", store, *options, "--json")
    document = json.loads(out)
    assert (status, err.count("\n")) == (0, int(not document["hits"]))
    return document


def test_queries_find_what_there_is(case: Case, store: Path, search: Command, tmp_path: Path) -> None:
    (tmp_path / "query.png").write_bytes(png(grey(60)))
    by_image = answer(search, store, "--image", tmp_path / "query.png")
    # A head of one dimension that was fitted on one image may see less of the distance to another one.
    assert [id for id, _ in hits(by_image)] == [id for id, _ in nearest(case, 60)[:5]]
    for id, level in enumerate(case.levels):
        found = hits(answer(search, store, "--id", id, "-k", 20))
        assert found == nearest(case, level, excluded=id)
        found = hits(answer(search, store, "--id", id, "--radius", 0.5))
        assert found == [(other, distance) for other, distance in nearest(case, level, id) if distance <= 0.5]
    if case.levels:
        drawn = answer(search, store, "--random", "--seed", 1)
        assert drawn == answer(search, store, "--id", drawn["query"]["id"])
    else:
        assert "got none: ingest some first" in error_of(search("query", "--store", store, "--random"))


def test_predictions_and_all_neighbours_are_those_of_the_items_there_are(case: Case, store: Path) -> None:
    with Searcher.open(store, make_backbone=toy_backbone()) as opened:
        prediction = opened.predict(grey(60), k=1)
        label = case.labels[nearest(case, 60)[0][0]] if case.levels else None
        assert (prediction.label, prediction.share) == (label, float(label is not None))
        everything = opened.neighbours_of_all(3)
        found = [nearest(case, level, id)[:3] for id, level in enumerate(case.levels)]
        assert everything.ids.tolist() == list(range(len(case.levels)))
        assert everything.neighbours.tolist() == [[id for id, _ in row] for row in found]
        assert opened.by_ids(everything.ids).to_arrow().num_rows == sum(
            min(5, len(case.levels) - 1) for _ in case.levels
        )


def test_duplicates_are_the_equal_items(case: Case, store: Path, search: Command, tmp_path: Path) -> None:
    first = {level: case.levels.index(level) for level in case.levels}
    others = {
        id: [other for other, level in enumerate(case.levels) if first[level] == id and other != id]
        for id in first.values()
    }
    groups = sorted(((id, ids) for id, ids in others.items() if ids), key=lambda group: (-len(group[1]), group[0]))
    for radius in ("0", "auto") if case.levels else ("0",):
        document = search.json("duplicates", "--store", store, "--radius", radius)
        found = [(group["kept"]["id"], [hit["id"] for hit in group["others"]]) for group in document["groups"]]
        assert (radius, document["items"], found) == (radius, len(case.levels), groups)
    if not case.levels:
        assert "got 0 items without any: give a radius" in error_of(search("duplicates", "--store", store))
    drawn = search("duplicates", "--store", store, "--radius", 0, "--figure", tmp_path / "duplicates.png")
    nothing = "drew no figure: expected duplicates to draw, got none within 0: give a larger --radius to find more\n"
    assert (drawn[0], drawn[2]) == (0, "" if groups else nothing)
    assert drawn[1].startswith(f"{len(groups)} group")


def test_label_issues_are_those_of_the_vote(case: Case, store: Path, search: Command, tmp_path: Path) -> None:
    document = search.json("suspects", "--store", store)
    assert sorted(issue["id"] for issue in document["suspects"]) == case.suspects
    unlabelled = case.labels.count(None)
    single = len(case.labels) - unlabelled - case.checked
    assert (document["judged"], document["unlabelled"], document["single"]) == (case.checked, unlabelled, single)
    drawn = search("suspects", "--store", store, "--figure", tmp_path / "suspects.png")
    nothing = "drew no figure: expected label issues to draw, got none: every label is that of its neighbours\n"
    assert (drawn[0], drawn[2]) == (0, "" if case.suspects else nothing)
    assert drawn[1].startswith(f"{len(case.suspects)} ")


def test_a_map_has_a_finite_point_for_each_item(
    case: Case, store: Path, search: Command, points: list[Points], tmp_path: Path
) -> None:
    arguments = ("map", "--store", store, "--thumbnails", "--figure", tmp_path / "map.png")
    if len(case.levels) < 5:
        expected = f"error: expected at least 5 items to draw a map, got {len(case.levels)}: ingest more\n"
        assert error_of(search(*arguments)) == expected
        return
    assert search(*arguments) == (0, f"Drew {tmp_path / 'map.png'}\n", "")
    (drawn,) = points
    assert drawn.shape == (len(case.levels), 2)
    assert np.isfinite(drawn).all()
    # One point only when there is one value only.
    assert bool(drawn.std()) == (len(set(case.levels)) > 1)


def test_the_other_commands_of_a_whole_store_do_their_work(
    case: Case, store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    storage = Command(storage_app, monkeypatch, capsys)
    count = len(case.levels)
    assert storage.json("verify", "--store", store) == {"ok": True, "items": count, "problems": []}
    assert storage.json("repair", "--store", store) == {"items": count, "done": []}
    labels = {(label or "(none)"): case.labels.count(label) for label in case.labels}
    assert sum(labels.values()) == storage.json("info", "--store", store)["items"] == count
    for name in ("items.npz", "items.parquet", "vectors.faiss"):
        assert storage("export", tmp_path / name, "--store", store) == (
            0,
            f"Wrote {count} item{'s' * (count != 1)} to {tmp_path / name}\n",
            "",
        )
    assert storage("backup", tmp_path / "copy", "--store", store)[0] == 0
    assert storage.json("compare", store, tmp_path / "copy", "--queries", 5)["same"]
    jobs = Command(jobs_app, monkeypatch, capsys)
    assert jobs.json("status", "--store", store)["items"] == count


def test_exactness_is_measured_where_there_are_neighbours_to_compare(
    case: Case, store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmarks = Command(benchmarks_app, monkeypatch, capsys)
    arguments = ("exactness", "--store", store, "--queries", 20, "-k", 2)
    if len(case.levels) <= 3:
        assert f"in {len(case.levels)} items: ingest more, or ask for less" in error_of(benchmarks(*arguments))
    else:
        report = benchmarks.json(*arguments)
        assert (report["errors"], report["alone_differs"]) == (0, 0)


@pytest.mark.parametrize("scale", [1e-45, 1e-25, 1.0, 1e18])
def test_points_are_finite_at_any_scale_of_the_vectors(scale: float) -> None:
    vectors = np.asarray(scale * np.random.default_rng(1).integers(-9, 9, (12, 3)), np.float32)
    drawn = tsne.tsne(vectors)
    assert np.isfinite(drawn).all()
    assert drawn.std() > 0
