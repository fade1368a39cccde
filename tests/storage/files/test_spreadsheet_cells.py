"""Cells that a spreadsheet neither runs nor changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.files.spreadsheet_cells import escaped, unescaped


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-1", "@sum", "\tx", "\rx", "\nx", "'quoted", "＝x"),  # noqa: RUF001 - the wide form counts
        *("007", "1e5", "3-4", "1/2", "12:30", "1.50", "123456789012345", " 5"),
        *("true", "FALSE", "MARCH1", "Sep-05", "1 jan"),
    ],
)
def test_what_a_spreadsheet_would_run_or_change_is_marked_as_a_text(text: str) -> None:
    assert escaped(text) == "'" + text


@pytest.mark.parametrize("text", ["", "cats/tom.jpg", "7", "0", "2024", "a=b", "sha256:12", "/data", "marched on"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert escaped(text) == text


@given(st.text())
def test_every_text_comes_back(text: str) -> None:
    assert unescaped(escaped(text)) == text
