"""Manifests in CSV."""

import os
from pathlib import Path

import pytest

from ingest.sources import column_kinds, limited
from ingest.sources.manifest import Manifest
from ingest.sources.table import columns_line
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
        (["1e999", "1", "1"], ["1e999", "1", "1"]),
        (["inf", "1", "1"], ["inf", "1", "1"]),
        (["1_0", "1", "1"], ["1_0", "1", "1"]),
        (["٣", "1", "1"], ["٣", "1", "1"]),
        ([" 1", "2 ", "\t3"], [1, 2, 3]),
        ([" a", "b ", " c d "], ["a", "b", "c d"]),
        (["true", "False", ""], [True, False, None]),
        (["true", "1", "0"], ["true", "1", "0"]),
        (["true", "maybe", "false"], ["true", "maybe", "false"]),
        (["", "", ""], [None, None, None]),
        (["NA", "1", "2.5"], [None, 1.0, 2.5]),
        (["n/a", "null", "7"], [None, None, 7]),
        (["NaN", "#N/A", "-1"], [None, None, -1]),
        (["<NA>", "None", "true"], [None, None, True]),
        (["NA", "DE", "FR"], ["NA", "DE", "FR"]),
        (["NA", "1", "x"], ["NA", "1", "x"]),
        (["NA", "", "NA"], ["NA", None, "NA"]),
        (["NA", "1", "true"], ["NA", "1", "true"]),
        (["-", "1", "2"], ["-", "1", "2"]),
    ],
)
def test_a_column_has_one_type(tmp_path: Path, values: list[str], expected: list[object]) -> None:
    path = write_csv(tmp_path, path=["a.png", "cat/b.png", "cat/c.png"], column=values)
    column = [image.metadata["column"] for image in Manifest(path)]
    assert (column, [type(value) for value in column]) == (expected, [type(value) for value in expected])


def test_a_label_stays_as_it_is_written(tmp_path: Path) -> None:
    path = write_csv(tmp_path, path=["a.png", "cat/b.png"], label=["007", "1"])
    assert [image.label for image in Manifest(path)] == ["007", "1"]


def test_a_label_is_never_nothing_by_a_word_and_has_no_spaces_around_it(tmp_path: Path) -> None:
    path = write_csv(tmp_path, path=["a.png", "cat/b.png", "cat/c.png"], label=["NA", " 1", " "])
    assert [image.label for image in Manifest(path)] == ["NA", "1", None]


def test_spaces_after_commas_are_no_part_of_anything(tmp_path: Path) -> None:
    path = lines(tmp_path, b"path, label, note", b'a.png, cat, "a, b"', b' "cat/b.png", "cat",c ')
    assert described(Manifest(path)) == [
        ("a.png", "cat", {"source": "manifest", "path": "a.png", "note": "a, b"}),
        ("cat/b.png", "cat", {"source": "manifest", "path": "cat/b.png", "note": "c"}),
    ]


@pytest.mark.parametrize("delimiter", [b";", b"\t", b"; "], ids=["semicolon", "tab", "with spaces"])
def test_other_delimiters_are_known_by_the_header(tmp_path: Path, delimiter: bytes) -> None:
    rows = [[b'"label"', b"path", b'"size"'], [b"1,5", b"a.png", b"3"], [b'"a;b"', b"cat/b.png", b"4"]]
    assert described(Manifest(lines(tmp_path, b"", *(delimiter.join(row) for row in rows)))) == [
        ("a.png", "1,5", {"source": "manifest", "path": "a.png", "size": 3}),
        ("cat/b.png", "a;b", {"source": "manifest", "path": "cat/b.png", "size": 4}),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_encodings_are_known_by_their_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    text = "path\tlabel\r\na.png\tKätzchen\r\n"
    (tmp_path / "list.csv").write_bytes((("\ufeff" if encoding == "utf-16-be" else "") + text).encode(encoding))
    assert [(image.key, image.label) for image in Manifest(tmp_path / "list.csv")] == [("a.png", "Kätzchen")]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_byte_order_mark_is_refused_by_name(tmp_path: Path, encoding: str) -> None:
    path = lines(tmp_path, "path\na.png\n".encode(encoding))
    assert refusal(path) == (
        f"expected CSV in UTF-8, or in UTF-16 with a byte order mark, in {path}, got UTF-16 without one: "
        "save it as UTF-8"
    )


def test_utf_16_that_is_cut_is_refused_by_name(tmp_path: Path) -> None:
    path = lines(tmp_path, "path\na.png".encode("utf-16")[:-1])
    assert refusal(path) == (
        f"expected UTF-16 in {path}, as its byte order mark says, got 'truncated data': save it as UTF-8"
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "2.5", ""], "numbers"),
        (["1", "NA", "n/a"], "numbers where 'NA' is nothing"),
        (["true", "FALSE", "null"], "truth values where 'null' is nothing"),
        (["1", "2,5", "x"], "texts since line 3 has '2,5'"),
        (["x", "true", "false"], "texts since line 2 has 'x'"),
        (["a", "b", "NA"], "texts"),
        (["NA", "", "NA"], "texts"),
        (["", "", ""], "nothing"),
    ],
)
def test_what_a_column_is_read_as_is_told(tmp_path: Path, values: list[str], expected: str) -> None:
    path = write_csv(tmp_path, path=["a.png", "cat/b.png", "cat/c.png"], label=["1", "2", "3"], column=values)
    assert Manifest(path).column_kinds == {"column": expected}
    assert column_kinds(limited(Manifest(path), 1)) == {"column": expected}


def test_columns_are_told_in_one_line() -> None:
    assert columns_line({"size": "numbers", "na\x1bme": "texts", "score": "numbers"}) == (
        "columns read as numbers: size, score; as texts: 'na\\x1bme'"
    )


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
