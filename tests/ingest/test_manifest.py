"""The source `manifest:FILE`."""

import csv
import datetime
import decimal
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.errors import SourceUnusable, UnreadableImage
from ingest.job import ingest
from ingest.sources import open_source
from ingest.sources.manifest import Manifest
from storage import Store
from tests.toys import TOY, grey, png, toy_backbone

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def _pictures(tmp_path: Path) -> None:
    """Write a.png, cat/b.png and cat/c.png of 10, 11 and 12."""
    (tmp_path / "cat").mkdir()
    for level, name in enumerate(("a.png", "cat/b.png", "cat/c.png"), start=10):
        (tmp_path / name).write_bytes(png(grey(level)))


def write_csv(folder: Path, **columns: list[Any]) -> Path:
    with (folder / "list.csv").open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return folder / "list.csv"


def write_parquet(folder: Path, **columns: list[Any]) -> Path:
    pq.write_table(pa.table(columns), folder / "list.parquet", row_group_size=2)
    return folder / "list.parquet"


BOTH = pytest.mark.parametrize("write", [write_csv, write_parquet], ids=["CSV", "Parquet"])


def described(source: Manifest) -> list[tuple[str, str | None, dict[str, Any]]]:
    """Return all that a source says of its images."""
    return [(image.key, image.label, dict(image.metadata)) for image in source]


def rejects(source: Manifest) -> list[tuple[str, str]]:
    """Return the keys and reasons of what cannot be read."""
    found = []
    for image in source:
        try:
            image.read()
        except UnreadableImage as error:
            found.append((image.key, str(error)))
    return found


def refusal(path: Path) -> str:
    with pytest.raises(SourceUnusable) as refused:
        Manifest(path)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@BOTH
def test_a_row_names_an_image_its_label_and_metadata(tmp_path: Path, write: Write) -> None:
    path = write(
        tmp_path,
        year=[2001, None, 2003],
        path=["cat/c.png", "a.png", "cat/b.png"],
        label=["cat", None, 'Ähre, "x"\nline'],
        price=[1.5, 2.0, None],
        sold=[True, False, None],
        note=["", "007", "n/a"],
    )
    source = Manifest(path)
    start = {"source": "manifest"}
    empty = None if write is write_csv else ""
    assert (source.name, len(source)) == ("manifest", 3)
    rows: list[tuple[str, str | None, dict[str, Any]]] = [
        ("cat/c.png", "cat", {"year": 2001, "price": 1.5, "sold": True, "note": empty}),
        ("a.png", None, {"year": None, "price": 2.0, "sold": False, "note": "007"}),
        ("cat/b.png", 'Ähre, "x"\nline', {"year": 2003, "price": None, "sold": None, "note": "n/a"}),
    ]
    expected = [(key, label, {**start, "path": key, **metadata}) for key, label, metadata in rows]
    assert described(source) == described(source) == expected
    assert [type(value) for value in described(source)[0][2].values()] == [str, str, int, float, bool, type(empty)]
    assert [image.read() for image in source] == [png(grey(12)), png(grey(10)), png(grey(11))]


@BOTH
def test_a_column_path_is_enough(tmp_path: Path, write: Write) -> None:
    assert described(Manifest(write(tmp_path, path=["a.png"]))) == [
        ("a.png", None, {"source": "manifest", "path": "a.png"})
    ]


@BOTH
def test_a_key_is_the_path_below_the_manifests_folder_as_folder_has_it(tmp_path: Path, write: Write) -> None:
    paths = ["./a.png", f"{tmp_path}/cat/b.png", "cat/..//cat/c.png"]
    source = Manifest(write(tmp_path, path=paths))
    folder = open_source(f"folder:{tmp_path}")
    assert [image.key for image in source] == [image.key for image in folder] == ["a.png", "cat/b.png", "cat/c.png"]
    assert rejects(source) == []


def test_an_absolute_path_may_be_by_way_of_a_link_to_the_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("cat")
    for named, written in (("link", "cat"), ("cat", "cat"), ("link", "link")):
        write_csv(tmp_path / "cat", path=[f"{tmp_path}/{written}/b.png"])
        assert [image.key for image in Manifest(tmp_path / named / "list.csv")] == ["b.png"]


@BOTH
def test_rows_that_name_no_image_inside_are_rejected_one_by_one(tmp_path: Path, write: Write) -> None:
    inside = tmp_path / "cat"
    (inside / "out.png").symlink_to(tmp_path / "a.png")
    (inside / "folder").mkdir()
    paths = ["b.png", "none.png", "../a.png", f"{tmp_path}/a.png", "", "out.png", "folder", ".", "./b.png", "c.png"]
    path = write(inside, path=[*paths, "x/../../a.png", "..", "a\0b.png", "//etc/hosts"])
    first = 2 if write is write_csv else 1
    outside = f"expected a path inside the manifest's folder {inside}, got {{}}: put the image there"

    def row(place: int) -> str:
        return f"{path.name}:{first + place}"

    source = Manifest(path)
    assert len(source) == 14
    assert rejects(source) == [
        ("none.png", f"expected a readable image file, got {inside}/none.png: No such file or directory"),
        (row(2), outside.format("../a.png")),
        (row(3), outside.format(f"{tmp_path}/a.png")),
        (row(4), "expected a path, got none"),
        (
            "out.png",
            f"expected a readable image file, got {inside}/out.png: "
            f"it leads to {tmp_path}/a.png, out of the folder; copy the image into it",
        ),
        ("folder", f"expected a readable image file, got {inside}/folder: not an ordinary file"),
        (".", f"expected a readable image file, got {inside}: not an ordinary file"),
        (row(8), f"expected each path once, got b.png in row {first} already"),
        (row(10), outside.format("x/../../a.png")),
        (row(11), outside.format("..")),
        (row(12), r"expected a path in UTF-8 without NUL, got 'a\x00b.png': rename the file"),
        (row(13), outside.format("//etc/hosts")),
    ]


@BOTH
def test_a_job_over_a_manifest_goes_on_past_every_bad_row(tmp_path: Path, write: Write) -> None:
    path = write(
        tmp_path,
        path=["a.png", "none.png", "cat/b.png", "a.png", "../x.png", "cat/c.png"],
        label=["1", "2", "a\0b", "4", "5", "6"],
        extra=["u", "v", "w", "x", "y", "z"],
    )
    report = ingest(f"manifest:{path}", tmp_path / "store", recipe=TOY, make_backbone=toy_backbone(), batch_size=2)
    first = 2 if write is write_csv else 1
    assert (report.added, report.rejected) == (2, 4)
    assert [reject.key for reject in report.rejects] == [
        "none.png",
        "cat/b.png",
        f"{path.name}:{first + 3}",
        f"{path.name}:{first + 4}",
    ]
    with Store.open(tmp_path / "store") as store:
        assert [(item.key, item.label, item.metadata["extra"]) for item in store.items()] == [
            ("a.png", "1", "u"),
            ("cat/c.png", "6", "z"),
        ]


def test_what_a_folder_has_brought_in_is_unchanged_by_a_manifest(tmp_path: Path) -> None:
    path = write_csv(tmp_path, path=["cat/c.png", "a.png"])
    ingest(f"folder:{tmp_path}", tmp_path / "store", recipe=TOY, make_backbone=toy_backbone())
    report = ingest(f"manifest:{path}", tmp_path / "store", make_backbone=toy_backbone())
    assert (report.added, report.unchanged) == (0, 2)


@BOTH
def test_what_is_not_utf_8_rejects_its_row_alone(tmp_path: Path, write: Write) -> None:
    latin = b"caf\xe9"
    paths = ["a.png", "cat/b.png", "cat/c.png"]
    if write is write_csv:
        path = write(tmp_path, path=paths, label=[os.fsdecode(latin), "tea", ""], note=["", "", os.fsdecode(latin)])
    else:
        labels, notes = (
            [pa.scalar(text, pa.binary()) for text in texts] for texts in ([latin, b"tea", None], [None, None, latin])
        )
        columns = {
            "path": pa.array(paths),
            "label": unchecked_text(labels),
            "note": unchecked_text(notes),
        }
        path = write(tmp_path, **columns)
    report = ingest(f"manifest:{path}", tmp_path / "store", recipe=TOY, make_backbone=toy_backbone())
    assert report.added == 1
    reasons = {reject.key: reject.reason for reject in report.rejects}
    assert list(reasons) == ["a.png", "cat/c.png"]
    for key, reason in reasons.items():
        assert reason.startswith(f"expected an item that can be stored, got key '{key}': 'utf-8' codec can't encode")


def unchecked_text(values: list[Any]) -> Any:
    """Return bytes as a column of texts, as a careless program writes them."""
    return pa.Array.from_buffers(pa.string(), len(values), pa.array(values, pa.binary()).buffers())


@BOTH
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"file": ["a.png"], "label": ["1"]}, "expected a column path in {}, got file, label"),
        ({"Path": ["a.png"]}, "expected a column path in {}, got Path"),
    ],
)
def test_a_table_without_paths_is_refused(
    tmp_path: Path, write: Write, columns: dict[str, list[Any]], message: str
) -> None:
    path = write(tmp_path, **columns)
    assert refusal(path) == message.format(path)


@BOTH
def test_a_table_without_rows_is_refused(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path, path=pa.array([], pa.string()) if write is write_parquet else [])
    with pytest.raises(SourceUnusable) as refused:
        open_source(f"manifest:{path}")
    assert str(refused.value) == (
        f"expected at least one image, got none in manifest:{path}: name a source that has some"
    )


def test_a_missing_file_a_folder_and_a_named_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, reason in (
        (tmp_path / "none.csv", "No such file or directory"),
        (tmp_path, "not an ordinary file"),
        (tmp_path / "pipe", "not an ordinary file"),
    ):
        assert refusal(path) == (
            f"expected a manifest in CSV or Parquet, got {path}: {reason}: name one that exists and can be read"
        )


@BOTH
def test_what_the_manifest_was_when_it_was_opened_counts(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path, path=["a.png", "cat/b.png"], label=["1", "2"])
    source = Manifest(path)
    walk = iter(source)
    assert next(walk).label == "1"
    path.write_bytes(b"nonsense")
    assert [image.label for image in walk] == ["2"]
    assert [image.label for image in source] == ["1", "2"]


# CSV


def lines(folder: Path, *rows: bytes, end: bytes = b"\n") -> Path:
    (folder / "list.csv").write_bytes(end.join(rows))
    return folder / "list.csv"


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_a_byte_order_mark_line_ends_and_empty_lines_are_no_matter(tmp_path: Path, end: bytes) -> None:
    path = lines(tmp_path, "\ufeffpath,label".encode(), b"a.png,1", b"", b'"cat/b.png","2"', end=end)
    source = Manifest(path)
    assert [(image.key, image.label) for image in source] == [("a.png", "1"), ("cat/b.png", "2")]
    assert len(source) == 2


def test_columns_without_a_name_are_left_out_and_names_are_trimmed(tmp_path: Path) -> None:
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
    found = [image.metadata["column"] for image in Manifest(path)]
    assert (found, [type(value) for value in found]) == (expected, [type(value) for value in expected])


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
    tracemalloc.start()
    message = refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert message == f"expected lines of fewer than 1048576 characters in {path}, got a longer one"
    assert peak < 2**24


def test_another_kind_of_file_is_refused_in_a_short_line(tmp_path: Path) -> None:
    path = lines(tmp_path, b"\x89PNG\r\n\x1a\n" + bytes(range(11, 256)) * 1000)
    message = refusal(path)
    assert message.startswith(f"expected a column path in {path}, got ")
    assert len(message) < 700


# Parquet


def test_parquet_is_known_by_its_content_or_its_name(tmp_path: Path) -> None:
    path = write_parquet(tmp_path, path=["a.png"])
    assert len(Manifest(path.rename(tmp_path / "list.csv"))) == 1
    empty = tmp_path / "empty.parquet"
    empty.write_bytes(b"")
    assert refusal(empty) == (f"expected a Parquet file that can be read, got {empty}: 'Parquet file size is 0 bytes'")


@pytest.mark.parametrize("keep", [4, 100, -9, -1])
def test_a_truncated_parquet_file_is_refused(tmp_path: Path, keep: int) -> None:
    path = write_parquet(tmp_path, path=["a.png", "cat/b.png"])
    path.write_bytes(path.read_bytes()[:keep])
    assert refusal(path).startswith(f"expected a Parquet file that can be read, got {path}: '")


def test_a_damaged_page_is_refused_before_anything_is_ingested(tmp_path: Path) -> None:
    path = write_parquet(tmp_path, path=["a.png", "cat/b.png"])
    data = path.read_bytes()
    path.write_bytes(data[:4] + bytes(30) + data[34:])
    assert refusal(path).startswith(f"expected a Parquet file that can be read, got {path}: '")


def test_times_are_texts_and_numbers_are_numbers(tmp_path: Path) -> None:
    columns = {
        "path": pa.array(["a.png"]).dictionary_encode(),
        "label": pa.array([7], pa.uint8()),
        "day": pa.array([datetime.date(2024, 2, 29)]),
        "time": pa.array([datetime.datetime(2024, 2, 29, 12, 30, 1, 5)]),
        "instant": pa.array([1], pa.timestamp("ns", "UTC")),
        "price": pa.array([decimal.Decimal("1.50")]),
        "half": pa.array([np.float16(0.5)], pa.float16()),
        "kind": pa.array(["x"]).dictionary_encode(),
        "view": pa.array(["y"], pa.string_view()),
        "large": pa.array([2**64 - 1], pa.uint64()),
        "none": pa.nulls(1),
    }
    assert described(Manifest(write_parquet(tmp_path, **columns))) == [
        (
            "a.png",
            "7",
            {
                "source": "manifest",
                "path": "a.png",
                "day": "2024-02-29",
                "time": "2024-02-29 12:30:01.000005",
                "instant": "1970-01-01 00:00:00.000000001Z",
                "price": 1.5,
                "half": 0.5,
                "kind": "x",
                "view": "y",
                "large": 2**64 - 1,
                "none": None,
            },
        )
    ]


@pytest.mark.parametrize(
    ("column", "values", "wanted", "got"),
    [
        ("path", pa.array([1]), "texts", "int64"),
        ("label", pa.array([0.5]), "texts or whole numbers", "double"),
        ("label", pa.array([b"x"]), "texts or whole numbers", "binary"),
        ("box", pa.array([[1, 2]]), "texts, numbers, truth values or times", "list<element: int64>"),
        ("box", pa.array([{"x": 1}]), "texts, numbers, truth values or times", "struct<x: int64>"),
    ],
)
def test_a_column_of_another_type_is_refused(tmp_path: Path, column: str, values: Any, wanted: str, got: str) -> None:
    path = write_parquet(tmp_path, **{"path": pa.array(["a.png"]), column: values})
    assert refusal(path) == f"expected {wanted} in column {column} of {path}, got {got}: convert it, or leave it out"


def test_the_index_that_pandas_adds_is_left_out(tmp_path: Path) -> None:
    path = write_parquet(tmp_path, path=["a.png"], __index_level_0__=[5])
    assert described(Manifest(path)) == [("a.png", None, {"source": "manifest", "path": "a.png"})]


def test_a_number_that_is_none_rejects_its_row_alone(tmp_path: Path) -> None:
    path = write_parquet(tmp_path, path=["a.png", "cat/b.png"], price=[float("nan"), 1.0])
    report = ingest(f"manifest:{path}", tmp_path / "store", recipe=TOY, make_backbone=toy_backbone())
    assert (report.added, [reject.key for reject in report.rejects]) == (1, ["a.png"])
