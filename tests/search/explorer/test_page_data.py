"""The data of a page are the store's: every neighbour list and distance, texts, and pictures."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from search.curation.duplicates import find_duplicates
from search.curation.label_issues import find_label_issues
from search.errors import PageUnusable
from search.explorer.explore import PageOptions, page_output, write_page
from search.results import QueryResult
from search.searcher import Searcher
from storage import NewItem, Store, Where
from storage.errors import StoreClosed
from tests.errors import error_message
from tests.search.explorer.page_data import array_of, block, json_of, neighbour_lists
from tests.search.explorer.stores import COUNT, EMBEDDING, lines_store, new_items
from tests.storage.stores import files
from tests.toys import png

WHERES: list[Where | None] = [None, {"even": True}]


def write(store: Path, page: Path, **options: Any) -> Path:
    with Searcher.open(store) as searcher:
        write_page(searcher, page_output(page), PageOptions(**options))
    return page


@pytest.mark.parametrize("where", WHERES)
@pytest.mark.parametrize("max_items", [COUNT, 13])
def test_every_neighbour_list_is_that_of_a_query(tmp_path: Path, where: Where | None, max_items: int) -> None:
    store = lines_store(tmp_path)
    page = write(store, tmp_path / "page.html", k=7, where=where, max_items=max_items)
    with Searcher.open(store) as searcher:
        lists = neighbour_lists(page)
        expected = {
            id: [(hit.id, float(np.float32(hit.distance))) for hit in searcher.by_id(id, 7, where=where).hits]
            for id in lists
        }
        selected = searcher.store.count(where)
    assert lists == expected
    assert len(lists) == min(selected, max_items)
    facts = json_of(page, "facts")
    assert (facts["total"], facts["selected"], facts["k"]) == (COUNT, selected, 7)


def test_a_page_has_the_texts_and_metadata_of_its_items(tmp_path: Path) -> None:
    page = write(lines_store(tmp_path), tmp_path / "page.html")
    items, stored = json_of(page, "items"), new_items()
    names = [*items["labelNames"], None]
    labels = array_of(page, "labels", "<u4", 1)[:, 0].tolist()
    assert items["keys"] == [item.key for item in stored]
    assert [names[-1 if code == 2**32 - 1 else code] for code in labels] == [item.label for item in stored]
    assert items["metadata"] == {
        "even": [i % 2 == 0 for i in range(COUNT)],
        "note": [item.metadata.get("note") for item in stored],
        "number": list(range(COUNT)),
    }


def test_pictures_are_where_the_page_says(tmp_path: Path) -> None:
    page = write(lines_store(tmp_path), tmp_path / "page.html")
    facts = json_of(page, "facts")
    slots = array_of(page, "slots", "<u4", 1)[:, 0].tolist()
    columns = facts["pageSide"] // facts["cell"]
    pixels = np.asarray(Image.open(io.BytesIO(block(page, "page-0"))).convert("L")).astype(int)
    levels = {
        i: int(pixels[slot // columns * facts["cell"] + 20, slot % columns * facts["cell"] + 20])
        for i, slot in enumerate(slots)
        if slot != 2**32 - 1
    }
    assert (facts["cell"], facts["pages"], facts["ink"]) == (40, 1, False)
    assert levels.keys() == set(range(COUNT)) - {3}
    assert max(abs(level - 4 * i) for i, level in levels.items()) <= 4
    assert array_of(page, "sizes", "u1", 2).tolist() == [[0, 0] if i == 3 else [40, 40] for i in range(COUNT)]


@pytest.mark.parametrize(("corner", "ink"), [(0, True), (60, False)])
def test_small_pictures_in_grey_with_dark_corners_are_strokes(tmp_path: Path, corner: int, ink: bool) -> None:
    image = np.full((28, 28), corner, np.uint8)
    image[4:24, 10:18] = 250
    with Store.create(tmp_path / "store", EMBEDDING) as store:
        store.append([NewItem("1", bytes(32), thumbnail=png(image))], np.ones((1, 3), np.float32))
    page = write(tmp_path / "store", tmp_path / "page.html")
    assert (json_of(page, "facts")["ink"], json_of(page, "facts")["cell"]) == (ink, 28)
    # Kept to the bit.
    pixels = np.asarray(Image.open(io.BytesIO(block(page, "page-0"))).convert("L"))[:28, :28]
    assert (pixels == image).all()


def test_suspects_are_those_of_the_command_and_rejects_are_listed(tmp_path: Path) -> None:
    page = write(lines_store(tmp_path), tmp_path / "page.html")
    findings = json_of(page, "findings")
    assert [(suspect["index"], suspect["said"]) for suspect in findings["suspects"]] == [(4, "axis 1")]
    assert (findings["groups"], findings["rejects"]) == ([], [])


def test_in_a_notebook_a_page_is_a_frame_over_its_file(tmp_path: Path) -> None:
    with Searcher.open(lines_store(tmp_path)) as searcher:
        page = searcher.explore(tmp_path / "a 'b.html", k=3, where={"even": True})
    assert str(page) == f"Wrote {COUNT // 2} items to {tmp_path}/a 'b.html"
    assert page._repr_html_() == (
        f'<iframe src="{tmp_path}/a%20%27b.html" width="100%" height="720" style="border:0"></iframe>'
    )
    facts = json_of(page.path, "facts")
    assert (facts["k"], facts["where"], facts["listing"]) == (3, ["even True"], "")


def test_duplicates_label_issues_and_the_hits_of_a_query_open_a_page_on_themselves(tmp_path: Path) -> None:
    with Searcher.open(lines_store(tmp_path)) as searcher:
        duplicates = find_duplicates(searcher, 0.2)
        issues = find_label_issues(searcher, 3)
        by_id = searcher.by_id(10, 4, exclude=[13])
        by_vector = searcher.by_vector([0, 9, 0], 2)
        pages = {
            "duplicates": duplicates.explore(tmp_path / "1.html").path,
            "suspects": issues.explore(tmp_path / "2.html").path,
            "item": by_id.explore(tmp_path / "3.html").path,
            "vector": by_vector.explore(tmp_path / "4.html").path,
        }
    listings = {name: json_of(page, "facts")["listing"] for name, page in pages.items()}
    assert listings == {"duplicates": "duplicates", "suspects": "suspects", "item": "hits", "vector": "hits"}
    groups = [[member.id for member in group.members] for group in duplicates.groups]
    assert json_of(pages["duplicates"], "findings")["groups"] == groups
    assert len(groups) > 1
    assert json_of(pages["duplicates"], "facts")["radius"] == 0.2
    found = [(suspect["index"], suspect["said"]) for suspect in json_of(pages["suspects"], "findings")["suspects"]]
    assert found == [(issue.item.id, issue.predicted_label) for issue in issues.issues]
    for name, result, item in (("item", by_id, 10), ("vector", by_vector, -1)):
        assert json_of(pages[name], "findings")["query"] == {
            "name": result.query,
            "item": item,
            "hits": [hit.id for hit in result.hits],
            "distances": [hit.distance for hit in result.hits],
            "total": len(result.hits),
        }


def test_a_result_without_an_open_store_has_no_page(tmp_path: Path) -> None:
    with Searcher.open(lines_store(tmp_path)) as searcher:
        result = searcher.by_id(10)
    assert error_message(StoreClosed, result.explore, tmp_path / "page.html") == (
        f"expected {tmp_path / 'lines'} to be open to read pictures from, got a store that is closed: keep it open "
        "while results are shown"
    )
    assert error_message(StoreClosed, QueryResult("a vector", ()).explore, tmp_path / "page.html") == (
        "expected a result of an open store to explore, got one without a store: run the query again"
    )


def test_the_map_is_computed_once_and_a_damaged_one_again(tmp_path: Path) -> None:
    store = lines_store(tmp_path)
    first = array_of(write(store, tmp_path / "1.html"), "points", "<u2", 2)
    (kept,) = [path for path in files(store) if path.endswith(".map")]
    written = (store / kept).read_bytes()
    (store / kept).write_bytes(written[:-1] + b"\xff")
    again = array_of(write(store, tmp_path / "2.html"), "points", "<u2", 2)
    assert (again == first).all()
    assert (store / kept).read_bytes() == written
    assert first.min() == 0
    assert first.max() == 65_535


def test_the_map_of_an_earlier_batch_is_removed(tmp_path: Path) -> None:
    store = lines_store(tmp_path)
    write(store, tmp_path / "1.html")
    with Store.open(store, writing=True) as opened:
        opened.delete(ids=[0])
    write(store, tmp_path / "2.html")
    assert len([path for path in files(store) if path.endswith(".map")]) == 1


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_few_items_have_a_page_too(tmp_path: Path, count: int) -> None:
    page = write(lines_store(tmp_path, count), tmp_path / "page.html")
    assert {id: len(neighbours) for id, neighbours in neighbour_lists(page).items()} == dict.fromkeys(
        range(count), count - 1
    )


def test_a_page_of_nothing_is_refused(tmp_path: Path) -> None:
    Store.create(tmp_path / "store", EMBEDDING).close()
    with Searcher.open(tmp_path / "store") as searcher:
        assert error_message(PageUnusable, write_page, searcher, page_output(tmp_path / "page.html")) == (
            f"expected items to show, got none in {tmp_path / 'store'}: ingest some, or use another filter"
        )
    assert not (tmp_path / "page.html").exists()
