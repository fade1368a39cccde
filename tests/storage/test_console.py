"""What every command prints with `--json`."""

from dataclasses import dataclass

import pytest

from storage import console


@dataclass(frozen=True)
class _Part:
    count: int


@dataclass(frozen=True)
class _Report:
    name: str
    parts: list[_Part]
    by_label: dict[str, _Part]


@pytest.mark.parametrize(
    "document",
    [
        _Report("ä \ud800", [_Part(1)], {"7": _Part(2)}),
        {"name": "ä \ud800", "parts": [{"count": 1}], "by_label": {"7": {"count": 2}}},
    ],
    ids=["dataclass", "mapping"],
)
def test_a_dataclass_is_printed_as_the_mapping_of_its_fields(
    document: _Report | dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    console.print_json(document)
    assert capsys.readouterr().out == (
        '{\n  "name": "ä \\ud800",\n  "parts": [\n    {\n      "count": 1\n    }\n  ],\n'
        '  "by_label": {\n    "7": {\n      "count": 2\n    }\n  }\n}\n'
    )
