"""How labels are written in a figure: whatever the script, the fonts and the length."""

import logging
import warnings

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from search.figures import figure_file, text_fitting
from search.figures.neighbours_figure import draw_neighbours
from search.figures.text_fitting import Weight, fit_letters, fit_width, font_families, text_width
from search.results import QueryResult
from storage import Hit

#: A word with an unseen joiner between two letters.
JOINED = "\u0645\u06cc\u200c\u062e"

WEIGHTS: tuple[Weight, ...] = ("normal", "bold")

WIDE = "猫和狗在一起玩"


@pytest.fixture
def own_font_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ignore all installed fonts but the one that matplotlib contains."""
    monkeypatch.setattr(text_fitting, "FAMILIES", ("DejaVu Sans",))


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
    assert fit_letters(text, 14, weight) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fourteen chars", "fourteen chars"),
        ("fifteen letters", "fifteen…etters"),
        ("$" * 14, r"\$" * 14),
        ("$" * 15, r"\$" * 7 + "…" + r"\$" * 6),
        ("猫狗", r"\u732b\u72d7"),
        ("猫狗狗", r"\u732b…\u72d7"),
        ("a cat and 🤖", "a cat and …"),
    ],
    ids=ascii,
)
@pytest.mark.usefixtures("own_font_only")
def test_a_long_label_is_cut_in_the_middle_between_letters_and_never_within_an_escape(text: str, shown: str) -> None:
    assert fit_letters(text, 14) == shown


@pytest.mark.usefixtures("own_font_only")
def test_a_line_is_cut_at_its_width_in_inches() -> None:
    for text in ("i" * 60, "M" * 60, "cat $" * 20, "猫" * 20):
        for weight in WEIGHTS:
            shown = fit_width(text, 1.35, 9, weight)
            assert "…" in shown
            assert 0.9 < text_width(shown, 9, weight) <= 1.35
    assert fit_width("i" * 20, 1.35, 9) == "i" * 20
    assert fit_width("", 1.35, 9) == "''"


@pytest.mark.usefixtures("own_font_only")
def test_a_line_is_as_wide_as_it_is_drawn() -> None:
    for weight in WEIGHTS:
        figure = Figure(dpi=600)
        text = figure.text(
            0, 0, fit_letters("Wide, and $5", 40), fontsize=12, weight=weight, fontfamily=font_families()
        )
        drawn = text.get_window_extent(FigureCanvasAgg(figure).get_renderer()).width / 600
        assert text_width(text.get_text(), 12, weight) == pytest.approx(drawn, rel=0.03)


def test_another_installed_font_is_used_for_letters_that_the_first_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_fitting, "FAMILIES", ("DejaVu Sans", "No Such Font", "STIXGeneral"))
    assert font_families() == ["DejaVu Sans", "STIXGeneral"]
    assert fit_letters("Ⓐ", 14, "bold") == "Ⓐ"
    result = QueryResult("an image", (Hit(1, 1, "key", "Ⓐ", 0.5, {}),))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure_file.encode(draw_neighbours([result], {}))
    monkeypatch.setattr(text_fitting, "FAMILIES", ("DejaVu Sans",))
    assert fit_letters("Ⓐ", 14, "bold") == r"\u24b6"


def test_wide_letters_count_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_fitting, "_family_of", lambda *_: "DejaVu Sans")
    assert fit_letters(WIDE, 14) == WIDE
    assert fit_letters(WIDE, 13) == "猫和狗…一起玩"
    assert fit_letters(WIDE, 12) == "猫和狗…起玩"


def test_a_font_without_bold_letters_is_used_as_it_is_without_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(text_fitting, "FAMILIES", ("cmr10",))
    with caplog.at_level(logging.WARNING):
        assert fit_letters("bold", 14, "bold") == "bold"
    assert caplog.records == []
