"""An answer as a table and as JSON."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from search.results import QueryResult
from storage import Hit, Item, console

ITEM = Item(7, "cats/7.png", "cat", {"width": 8}, b"digest")
HITS = (
    Hit(1, 3, "cats/3.png", "cat", 0.25, {"width": 8, "source": "folder"}),
    Hit(2, 12, "12.png", None, 11.5, {}),
)


Printed = Callable[[QueryResult], list[str]]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Printed:
    """Return what prints an answer as `python -m search query` does, and gives its lines without the frame."""
    monkeypatch.setenv("COLUMNS", "120")
    frame = str.maketrans("", "", "┏┓┗┛┡┩┃│└┘├┤┬┴┼━─╇┳┻╈")

    def lines(result: QueryResult) -> list[str]:
        console.OUT.print(result.table(), markup=False)
        shown = [" ".join(line.translate(frame).split()) for line in capsys.readouterr().out.splitlines()]
        return [line for line in shown if line]

    return lines


def test_a_table_has_a_line_for_each_hit(printed: Printed) -> None:
    assert printed(QueryResult("item 7 (cats/7.png)", HITS, item=ITEM)) == [
        "Nearest to item 7 (cats/7.png), label cat",
        "rank label distance id key",
        "1 cat 0.2500 3 cats/3.png",
        "2 - 11.5000 12 12.png",
    ]


def test_a_table_of_no_hits_has_its_head_only(printed: Printed) -> None:
    assert printed(QueryResult("a vector", ())) == ["Nearest to a vector", "rank label distance id key"]


def test_what_cannot_be_printed_is_shown_escaped(printed: Printed) -> None:
    odd = Hit(1, 0, "a\x1b[31m.png", "two\nlines", 0.0, {})
    item = Item(7, "b\n.png", "caf\udce9", {}, b"digest")
    assert printed(QueryResult("item 7 (b\n.png)", (odd,), item=item)) == [
        r"Nearest to 'item 7 (b\n.png)', label 'caf\udce9'",
        "rank label distance id key",
        r"1 'two\nlines' 0.0000 0 'a\x1b[31m.png'",
    ]


def test_brackets_and_colons_are_shown_as_they_are(printed: Printed) -> None:
    odd = Hit(1, 0, "[red]a[/b] :cat:.png", "[bold]", 0.0, {})
    item = Item(7, "b", "[i]", {}, b"digest")
    assert printed(QueryResult("item 7 ([b][/red] :dog:.png)", (odd,), item=item)) == [
        "Nearest to item 7 ([b][/red] :dog:.png), label [i]",
        "rank label distance id key",
        "1 [bold] 0.0000 0 [red]a[/b] :cat:.png",
    ]


def test_json_holds_the_query_and_every_field_of_the_hits() -> None:
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


def test_json_of_a_picture_has_no_item() -> None:
    assert QueryResult("query.png", ()).as_json() == {"query": {"asked": "query.png"}, "hits": []}
