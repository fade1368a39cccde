"""Manifests in CSV."""

import os
from pathlib import Path

import pytest

from ingest.sources.manifest import Manifest
from tests.ingest.sources.contents import described, rejects
from tests.ingest.sources.manifests import refusal, write_csv, write_pictures
from tests.ingest.sources.memory import less_memory_than


@pytest.fixture(autouse=True)
def _pictures(tmp_path: Path) -> None:
    write_pictures(tmp_path)


def lines(folder: Path, *rows: bytes, end: bytes = b"\n") -> Path:
    (folder / "list.csv").write_bytes(end.join(rows))
    return folder / "list.csv"


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_byte_order_marks_both_line_ends_and_empty_lines_are_accepted(tmp_path: Path, end: bytes) -> None:
    path = lines(tmp_path, "\ufeffpath,label".encode(), b"a.png,1", b"", b'"cat/b.png","2"', end=end)
    source = Manifest(path)
    assert [(image.key, image.label) for image in source] == [("a.png", "1"), ("cat/b.png", "2")]
    assert len(source) == 2


def test_columns_without_a_name_are_ignored_and_names_are_trimmed(tmp_path: Path) -> None:
    path = lines(tmp_path, b", path ,size,", b"0,a.png,3,")
    assert described(Manifest(path)) == [("a.png", None, {"source": "manifest", "path": "a.png", "size": 3})]


def test_a_row_with_more_or_fewer_fields_is_rejected(tmp_path: Path) -> None:
    path = lines(tmp_path, b"path,label", b"a.png", b"cat/b.png,1", b"cat/c.png,2,3")
    source = Manifest(path)
    assert len(source) == 3
    assert rejects(source) == [
        ("list.csv:2", "expected 2 fields, got 1"),
        ("list.csv:4", "expected 2 fields, got 3"),
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "-2", "0"], [1, -2, 0]),
        (["1", "", "3"], [1, None, 3]),
        (["1", "2.5", "-3e-2"], [1.0, 2.5, -0.03]),
        (["01", "2", "3"], ["01", "2", "3"]),
        (["1", "2", "x"], ["1", "2", "x"]),
        (["1", "2", "9999999999999999999"], ["1", "2", "9999999999999999999"]),
        (["999999999999999999", "2", "3"], [999999999999999999, 2, 3]),
        (["nan", "1.5", "2"], ["nan", "1.5", "2"]),
        (["1e999", "1", "1"], ["1e999", "1", "1"]),
        (["inf", "1", "1"], ["inf", "1", "1"]),
        (["1_0", "1", "1"], ["1_0", "1", "1"]),
        (["٣", "1", "1"], ["٣", "1", "1"]),
        ([" 1", "1", "1"], [" 1", "1", "1"]),
        (["true", "False", ""], [True, False, None]),
        (["true", "1", "0"], ["true", "1", "0"]),
        (["", "", ""], [None, None, None]),
    ],
)
def test_a_column_has_one_type(tmp_path: Path, values: list[str], expected: list[object]) -> None:
    path = write_csv(tmp_path, path=["a.png", "cat/b.png", "cat/c.png"], column=values)
    column = [image.metadata["column"] for image in Manifest(path)]
    assert (column, [type(value) for value in column]) == (expected, [type(value) for value in expected])


def test_a_label_stays_as_it_is_written(tmp_path: Path) -> None:
    path = write_csv(tmp_path, path=["a.png", "cat/b.png"], label=["007", "1"])
    assert [image.label for image in Manifest(path)] == ["007", "1"]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = lines(tmp_path, b"")
    assert refusal(path) == f"expected a column path in {path}, got none"


def test_a_column_that_comes_twice_is_refused(tmp_path: Path) -> None:
    path = lines(tmp_path, b"path,label,label", b"a.png,1,2")
    assert refusal(path) == f"expected each column once in {path}, got path, label, label"


@pytest.mark.parametrize(
    ("row", "number", "reason"),
    [
        (b'"a.png', 3, "unexpected end of data"),
        (b'"a.png"x,1', 2, "',' expected after '\"'"),
        (b'a.png,"' + b"x" * 140_000 + b'"', 2, "field larger than field limit (131072)"),
    ],
)
def test_wrong_quotes_are_refused_with_their_line(tmp_path: Path, row: bytes, number: int, reason: str) -> None:
    path = lines(tmp_path, b"path,label", row, b"cat/b.png,1")
    assert refusal(path) == f"expected CSV in {path}, got in line {number}: {reason}"


def test_a_file_without_line_ends_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = lines(tmp_path, b"path", b"")
    os.truncate(path, 2**27)
    with less_memory_than(2**24):
        message = refusal(path)
    assert message == f"expected lines of fewer than 1048576 characters in {path}, got a longer one"


def test_another_kind_of_file_is_refused_in_a_short_line(tmp_path: Path) -> None:
    path = lines(tmp_path, b"\x89PNG\r\n\x1a\n" + bytes(range(11, 256)) * 1000)
    message = refusal(path)
    assert message.startswith(f"expected a column path in {path}, got ")
    assert len(message) < 700
