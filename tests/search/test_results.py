"""Results as a table, as JSON, and as an Arrow table."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from search.results import QueryResult
from search.searcher import Searcher
from storage import Hit, Item, console
from tests.search.stores import batch, result

ITEM = Item(7, "cats/7.png", "cat", {"width": 8}, b"digest")
HITS = (
    Hit(1, 3, "cats/3.png", "cat", 0.25, {"width": 8, "source": "folder"}),
    Hit(2, 12, "12.png", None, 11.5, {}),
)


Printed = Callable[[QueryResult], list[str]]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Printed:
    """Return a function that prints a result as `lookalike query` does, and returns its lines without frame."""
    monkeypatch.setenv("COLUMNS", "120")
    frame = str.maketrans("", "", "┏┓┗┛┡┩┃│└┘├┤┬┴┼━─╇┳┻╈")

    def lines(printed: QueryResult) -> list[str]:
        console.OUT.print(printed.table(), markup=False)
        cells = [" ".join(line.translate(frame).split()) for line in capsys.readouterr().out.splitlines()]
        return [line for line in cells if line]

    return lines


def test_a_table_has_a_line_for_each_hit(printed: Printed) -> None:
    assert printed(QueryResult("item 7 (cats/7.png)", HITS, item=ITEM)) == [
        "Nearest to item 7 (cats/7.png), label cat",
        "rank label distance id key",
        "1 cat 0.2500 3 cats/3.png",
        "2 - 11.5000 12 12.png",
    ]


def test_a_table_without_hits_has_only_its_header(printed: Printed) -> None:
    assert printed(QueryResult("a vector", ())) == ["Nearest to a vector", "rank label distance id key"]


def test_characters_that_cannot_be_printed_are_escaped(printed: Printed) -> None:
    odd = Hit(1, 0, "a\x1b[31m.png", "two\nlines", 0.0, {})
    item = Item(7, "b\n.png", "caf\udce9", {}, b"digest")
    assert printed(QueryResult("item 7 (b\n.png)", (odd,), item=item)) == [
        r"Nearest to 'item 7 (b\n.png)', label 'caf\udce9'",
        "rank label distance id key",
        r"1 'two\nlines' 0.0000 0 'a\x1b[31m.png'",
    ]


def test_markup_and_emoji_names_are_printed_unchanged(printed: Printed) -> None:
    odd = Hit(1, 0, "[red]a[/b] :cat:.png", "[bold]", 0.0, {})
    item = Item(7, "b", "[i]", {}, b"digest")
    assert printed(QueryResult("item 7 ([b][/red] :dog:.png)", (odd,), item=item)) == [
        "Nearest to item 7 ([b][/red] :dog:.png), label [i]",
        "rank label distance id key",
        "1 [bold] 0.0000 0 [red]a[/b] :cat:.png",
    ]


def test_json_has_the_query_and_every_field_of_the_hits() -> None:
    document = QueryResult("item 7 (cats/7.png)", HITS, item=ITEM, image=np.zeros((2, 2), np.uint8)).as_json()
    expected = {
        "query": {"asked": "item 7 (cats/7.png)", "id": 7, "key": "cats/7.png", "label": "cat"},
        "hits": [
            {
                "rank": 1,
                "id": 3,
                "key": "cats/3.png",
                "label": "cat",
                "distance": 0.25,
                "metadata": {"width": 8, "source": "folder"},
            },
            {"rank": 2, "id": 12, "key": "12.png", "label": None, "distance": 11.5, "metadata": {}},
        ],
    }
    assert document == expected
    assert json.loads(json.dumps(document)) == expected


def test_json_of_an_image_query_has_no_item() -> None:
    assert QueryResult("query.png", ()).as_json() == {"query": {"asked": "query.png"}, "hits": []}


def test_a_batch_becomes_an_arrow_table(searcher: Searcher) -> None:
    results = searcher.by_ids([1, 3], k=1)
    table = results.to_arrow()
    assert table.schema.names == ["query", "asked", "rank", "id", "key", "label", "distance", "metadata"]
    assert table.drop_columns(["distance"]).to_pylist() == [
        {
            "query": 0,
            "asked": "item 1 (dark)",
            "rank": 1,
            "id": 0,
            "key": "black",
            "label": "low",
            "metadata": '{"height": 8, "width": 8}',
        },
        {
            "query": 1,
            "asked": "item 3 (white)",
            "rank": 1,
            "id": 2,
            "key": "light",
            "label": "high",
            "metadata": '{"height": 8, "width": 8}',
        },
    ]
    ids, distances = (table[name].chunk(0).buffers()[1].address for name in ("id", "distance"))
    assert (ids, distances) == (results.hits.ids.ctypes.data, results.hits.distances.ctypes.data), "they were copied"
    empty = searcher.by_ids([]).to_arrow()
    assert (empty.num_rows, empty.schema) == (0, table.schema)


def test_a_batch_and_a_slice_of_it_print_as_tables(searcher: Searcher) -> None:
    both = searcher.by_ids([1, 3], k=1)
    assert str(both[0]).splitlines()[0] == "Nearest to item 1 (dark), label low"
    assert str(both) == f"{both[0]}\n{both[1]}"
    assert both[1:] == batch(result(searcher, "white", 1))
    assert len(str(both[0]).splitlines()) == 6
