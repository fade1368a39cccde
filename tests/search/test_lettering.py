"""How labels are written in a figure: whatever the script, the fonts and the length."""

import logging
import warnings

import pytest

from search import figures, lettering
from search.lettering import Weight, families, legible
from search.neighbours_figure import draw_neighbours
from search.results import QueryResult
from storage import Hit

#: A word with an unseen joiner between two letters.
JOINED = "\u0645\u06cc\u200c\u062e"

WIDE = "猫和狗在一起玩"


@pytest.fixture
def own_font_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no font but matplotlib's own, whatever is installed."""
    monkeypatch.setattr(lettering, "FAMILIES", ("DejaVu Sans",))


@pytest.mark.parametrize("weight", ["normal", "bold"])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cat", "cat"),
        ("кошка", "кошка"),
        ("γάτα", "γάτα"),
        ("قطة صغيرة", "قطة صغيرة"),
        (JOINED, JOINED),
        ("🐱 cat", "🐱 cat"),
        ("猫", r"\u732b"),
        ("🤖", r"\U0001f916"),
        ("a 猫", r"a \u732b"),
        ("two\nlines", r"two\nlines"),
        ("\x00", r"\x00"),
        ("\udce9", r"\udce9"),
        ("\u202egnp", r"\u202egnp"),
        ("", "''"),
        (" ", " "),
        ("$x$", r"\$x\$"),
    ],
    ids=ascii,
)
@pytest.mark.usefixtures("own_font_only")
def test_a_letter_that_no_font_has_or_that_cannot_be_seen_is_escaped(text: str, shown: str, weight: Weight) -> None:
    assert legible(text, 14, weight) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fourteen chars", "fourteen chars"),
        ("fifteen letters", "fifteen lette…"),
        ("$" * 14, r"\$" * 14),
        ("$" * 15, r"\$" * 13 + "…"),
        ("猫狗", r"\u732b\u72d7"),
        ("猫狗狗", r"\u732b\u72d7…"),
        ("a cat and 🤖", "a cat and …"),
    ],
    ids=ascii,
)
@pytest.mark.usefixtures("own_font_only")
def test_a_long_label_is_cut_between_letters_and_never_within_an_escape(text: str, shown: str) -> None:
    assert legible(text, 14) == shown


def test_another_installed_font_is_taken_for_what_the_first_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "FAMILIES", ("DejaVu Sans", "No Such Font", "STIXGeneral"))
    assert families() == ["DejaVu Sans", "STIXGeneral"]
    assert legible("Ⓐ", 14, "bold") == "Ⓐ"
    result = QueryResult("an image", (Hit(1, 1, "key", "Ⓐ", 0.5, {}),))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures.encoded(draw_neighbours([result], {}))
    monkeypatch.setattr(lettering, "FAMILIES", ("DejaVu Sans",))
    assert legible("Ⓐ", 14, "bold") == r"\u24b6"


def test_wide_letters_take_the_room_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "_is_in_a_font", lambda *_: True)
    assert legible(WIDE, 14) == WIDE
    assert legible(WIDE, 13) == "猫和狗在一起…"
    assert legible(WIDE, 12) == "猫和狗在一…"


def test_a_font_without_bold_letters_is_taken_as_it_is_and_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lettering, "FAMILIES", ("cmr10",))
    with caplog.at_level(logging.WARNING):
        assert legible("bold", 14, "bold") == "bold"
    assert caplog.records == []
