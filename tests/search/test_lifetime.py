"""A closed searcher answers nothing, a dropped one is freed, and results outlive both, without pictures."""

import copy
import pickle
import weakref
from pathlib import Path

import numpy as np
import pytest

from search.curation.duplicates import find_duplicates
from search.curation.label_issues import find_label_issues
from search.searcher import Searcher
from storage.errors import StoreClosed
from tests.errors import error_message, exactly
from tests.search.stores import NEIGHBOURS, grey_searcher
from tests.storage.lifetime.calls import public_calls
from tests.storage.lifetime.open_files import open_files
from tests.storage.lifetime.test_dropped import warning, without_collector
from tests.toys import grey

#: What a closed searcher still says: of how its images were embedded, and nothing of what the store holds.
STILL_ANSWER = {"close": None, "drift": 0.0}

#: A value for each parameter without a default of any public method.
ARGUMENTS = {
    "id": 0,
    "ids": [],
    "image": grey(61),
    "images": [],
    "key": "dark",
    "keys": [],
    "like": [0],
    "vector": np.zeros(4),
    "vectors": [],
}


def no_pictures(store: Path) -> str:
    return (
        f"expected {store} to be open to read pictures from, got a store that is closed: keep it open while results "
        "are shown"
    )


def test_every_public_name_of_a_closed_searcher_raises_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `explore` writes its page where one is.
    monkeypatch.chdir(tmp_path)
    with grey_searcher(tmp_path) as searcher:
        # Everything is loaded: nothing may be answered from memory.
        searcher.by_image(grey(61))
        open_calls = public_calls(searcher, ARGUMENTS)
        for name in open_calls.keys() - {"close", "__enter__", "kneighbors"}:
            open_calls[name]()
    calls = public_calls(searcher, ARGUMENTS)
    assert {name: calls.pop(name)() for name in STILL_ANSWER} == STILL_ANSWER
    assert len(calls) >= 16
    assert {name: error_message(StoreClosed, call) for name, call in calls.items()} == dict.fromkeys(
        calls, f"expected {tmp_path / 'store'} to be open, got a store that is closed: open it again"
    )


def test_a_dropped_searcher_is_freed_though_its_results_are_not(tmp_path: Path) -> None:
    store = tmp_path / "store"
    with without_collector():
        searcher = grey_searcher(tmp_path)
        by_key, by_image = searcher.by_key("dark", k=2), searcher.by_image(grey(61), k=1)
        prediction = searcher.predict(grey(61), k=1)
        duplicates, issues = find_duplicates(searcher, 0.5), find_label_issues(searcher)
        neighbours, vectors = searcher.neighbours_of_all(2), searcher.embed([grey(0)])
        dropped = weakref.ref(searcher)
        with pytest.warns(ResourceWarning, match=exactly(warning(store))) as warned:
            del searcher
        assert len(warned) == 1
        del warned
        assert dropped() is None
        assert open_files(store) == []
    assert by_key.hits == NEIGHBOURS["dark"][:2]
    for result in (by_key, by_image):
        assert error_message(StoreClosed, result.thumbnails, [0]) == no_pictures(store)
        assert pickle.loads(pickle.dumps(result)) == copy.deepcopy(result) == result
    for shown in (by_key, by_image, prediction, duplicates, issues):
        assert f"no pictures: {no_pictures(store)}" in shown._repr_html_() or not shown._repr_html_().count("<figure")
    assert by_image._repr_html_().count('src="data:image/png;base64,') == 1
    assert (neighbours.neighbours.shape, vectors.shape) == ((4, 2), (1, 4))


def test_a_result_of_a_closed_searcher_says_why_it_has_no_pictures(tmp_path: Path) -> None:
    with grey_searcher(tmp_path) as searcher:
        result = searcher.by_key("dark", k=2)
        assert result.thumbnails([0]).keys() == {0}
    assert error_message(StoreClosed, result.thumbnails, [0]) == no_pictures(tmp_path / "store")
    html = result._repr_html_()
    assert (html.count(">no picture<"), f"no pictures: {no_pictures(tmp_path / 'store')}" in html) == (3, True)


def test_closing_a_searcher_drops_its_network(tmp_path: Path) -> None:
    networks: list[weakref.ref[object]] = []
    with grey_searcher(tmp_path) as searcher:
        searcher.by_image(grey(61))
        assert searcher._embedder is not None
        networks.append(weakref.ref(searcher._embedder[1]))
    assert networks[0]() is None


def test_a_searcher_in_an_expression_answers_and_is_freed(tmp_path: Path) -> None:
    grey_searcher(tmp_path).close()
    with pytest.warns(ResourceWarning):
        result = Searcher.open(tmp_path / "store").by_id(1, k=2)
    assert result.hits == NEIGHBOURS["dark"][:2]
    assert open_files(tmp_path) == []
