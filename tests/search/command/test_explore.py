"""`python -m search explore`: the page it writes, and the files it replaces."""

from pathlib import Path

from tests.commands import Command
from tests.search.explorer.page_data import json_of, neighbour_lists
from tests.search.explorer.stores import COUNT, lines_store


def test_a_page_is_written_and_written_again(search: Command, tmp_path: Path) -> None:
    store, page = lines_store(tmp_path), tmp_path / "page.html"
    for _ in range(2):
        assert search("explore", "--store", store, "--out", page) == (0, f"Wrote {COUNT} items to {page}\n", "")
    assert json_of(page, "facts")["k"] == 10
    assert json_of(page, "facts")["store"] == "lines"


def test_a_filter_selects_the_items_and_is_on_the_page(search: Command, tmp_path: Path) -> None:
    store, page = lines_store(tmp_path), tmp_path / "page.html"
    ended = search("explore", "--store", store, "--out", page, "--where", "label=axis 1", "-k", 3)
    assert ended == (0, f"Wrote 18 items to {page}\n", "")
    assert json_of(page, "facts")["where"] == ["label=axis 1"]
    hits = search.json("query", "--store", store, "--id", 10, "-k", 3, "--where", "label=axis 1")["hits"]
    assert [id for id, _ in neighbour_lists(page)[10]] == [hit["id"] for hit in hits]


def test_another_file_is_replaced_by_a_page_only_when_forced(search: Command, tmp_path: Path) -> None:
    store, page = lines_store(tmp_path), tmp_path / "notes.html"
    page.write_text("<p>my notes")
    assert search("explore", "--store", store, "--out", page) == (
        1,
        "",
        f"error: expected a new file for the page, got {page}, which is no page of Lookalike's: name another path, or "
        "give --force to replace it\n",
    )
    assert page.read_text() == "<p>my notes"
    assert search("explore", "--store", store, "--out", page, "--force")[0] == 0


def test_a_page_that_cannot_be_written_is_refused_before_the_store_is_opened(search: Command, tmp_path: Path) -> None:
    for name, reason in {
        "page.png": f"expected a page's name to end in .html, got {tmp_path / 'page.png'}",
        "none/page.html": f"expected a folder for the page page.html, found none at {tmp_path / 'none'}: make it first",
    }.items():
        ended = search("explore", "--store", tmp_path / "no store", "--out", tmp_path / name)
        assert ended == (1, "", f"error: {reason}\n")
