"""Filters of a command line."""

from typing import Any

import pytest

from search.where_option import where_of
from storage.errors import InvalidQuery
from tests.errors import exactly

FILTERS: list[tuple[list[str], Any]] = [
    ([], None),
    (["label=7"], {"label": {"=": "7"}}),
    (["label==7"], {"label": {"=": "7"}}),
    (["label=null"], {"label": {"=": None}}),
    (['label="null"'], {"label": {"=": "null"}}),
    (['label=["3", "8"]'], {"label": {"=": ["3", "8"]}}),
    (["label="], {"label": {"=": ""}}),
    (["label=a=b"], {"label": {"=": "a=b"}}),
    (["id=7"], {"id": {"=": 7}}),
    (["width=640"], {"width": {"=": [640, "640"]}}),
    (["width >= 640"], {"width": {">=": 640}}),
    (["width>=640", "width<1000.5"], {"width": {">=": 640, "<": 1000.5}}),
    (["width!=1", "width!=2"], {"width": {"!=": [1, "1", 2, "2"]}}),
    (["flash=true"], {"flash": {"=": [True, "true"]}}),
    (["flash!=false"], {"flash": {"!=": [False, "false"]}}),
    (["phash=17375984735823145455"], {"phash": {"=": [17375984735823145455, "17375984735823145455"]}}),
    (["note=NaN"], {"note": {"=": "NaN"}}),
    (["note=Infinity"], {"note": {"=": "Infinity"}}),
    (["note=<none>"], {"note": {"=": "<none>"}}),
    (['note=">7"'], {"note": {"=": ">7"}}),
    (['"a=b">=7'], {"a=b": {">=": 7}}),
    (['"" = x'], {"": {"=": "x"}}),
    ([r'" caf\u00e9 \"x\""!=y'], {' café "x"': {"!=": "y"}}),
    (['odd "name"=x'], {'odd "name"': {"=": "x"}}),
    (['"unclosed=x'], {'"unclosed': {"=": "x"}}),
    (['exists "a=b"', 'not exists " cat"'], {"a=b": {"exists": True}, " cat": {"exists": False}}),
    (['exists "a"="b"'], {'exists "a"': {"=": "b"}}),
    (["a.b=1", "7<3"], {"a.b": {"=": [1, "1"]}, "7": {"<": 3}}),
    (["camera=Nikon D3"], {"camera": {"=": "Nikon D3"}}),
    (["camera name!=x"], {"camera name": {"!=": "x"}}),
    (["exists camera"], {"camera": {"exists": True}}),
    (["not exists camera", "label=x"], {"camera": {"exists": False}, "label": {"=": "x"}}),
]


@pytest.mark.parametrize(("texts", "where"), FILTERS, ids=[" ".join(texts) for texts, _ in FILTERS])
def test_options_are_parsed_to_a_filter(texts: list[str], where: Any) -> None:
    assert where_of(texts) == where


@pytest.mark.parametrize("text", ["", "label", "=7", "exists"])
def test_a_text_that_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(
        InvalidQuery,
        match=exactly(
            "expected a filter such as label=7, 'width>=640', 'label!=7', 'exists camera' or 'not exists camera', "
            f"got {text!r}"
        ),
    ):
        where_of([text])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "label<>7",
            "expected an operator such as !=, got <> in 'label<>7': write a value that begins with > in double quotes",
        ),
        (
            "width=>7",
            "expected an operator such as >=, got => in 'width=>7': write a value that begins with > in double quotes",
        ),
        (
            "a!==b",
            "expected an operator such as !=, got !== in 'a!==b': write a value that begins with = in double quotes",
        ),
    ],
)
def test_an_operator_of_another_language_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidQuery, match=exactly(message)):
        where_of([text])


def test_the_same_field_and_operator_twice_is_refused() -> None:
    with pytest.raises(
        InvalidQuery,
        match=exactly(
            "expected label= once, got it again in 'label=8': for any of several values write 'label=[\"a\", \"b\"]'"
        ),
    ):
        where_of(["label=7", "label=8"])
