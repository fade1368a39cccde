"""The source `manifest:FILE`, in each file format."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ingest.errors import SourceUnusable
from ingest.sources import open_source
from ingest.sources.manifest import Manifest
from storage import Store
from tests.errors import error_message
from tests.ingest.jobs import job
from tests.ingest.sources.contents import described, rejects
from tests.ingest.sources.manifests import refusal, write_csv, write_parquet, write_pictures
from tests.toys import grey, png

Write = Callable[..., Path]

BOTH = pytest.mark.parametrize("write", [write_csv, write_parquet], ids=["CSV", "Parquet"])


@pytest.fixture(autouse=True)
def _pictures(tmp_path: Path) -> None:
    write_pictures(tmp_path)


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

    def row(index: int) -> str:
        return f"{path.name}:{first + index}"

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
    report = job(f"manifest:{path}", tmp_path / "store", batch_size=2)
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


def test_images_ingested_from_a_folder_are_unchanged_in_a_manifest(tmp_path: Path) -> None:
    path = write_csv(tmp_path, path=["cat/c.png", "a.png"])
    job(f"folder:{tmp_path}", tmp_path / "store")
    report = job(f"manifest:{path}", tmp_path / "store")
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
    report = job(f"manifest:{path}", tmp_path / "store")
    assert report.added == 1
    reason = r"expected an item that can be stored, got key {!r}: its {} must be valid Unicode, got '\udce9' at index 3"
    assert [(reject.key, reject.reason) for reject in report.rejects] == [
        ("a.png", reason.format("a.png", "label")),
        ("cat/c.png", reason.format("cat/c.png", "metadata 'note'")),
    ]


@BOTH
@pytest.mark.parametrize("name", ["id", "key"])
def test_a_column_that_no_filter_could_reach_is_refused(tmp_path: Path, write: Write, name: str) -> None:
    path = write(tmp_path, **{"path": ["a.png"], name: [3]})
    assert refusal(path) == (
        f"expected columns that can be stored in {path}, got {name}: metadata cannot be named '{name}', which filters "
        f"take for the item's own {name}; rename it, for example to 'original_{name}'"
    )


def unchecked_text(values: list[Any]) -> Any:
    """Return bytes as a text column without checking that they are UTF-8."""
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
    assert error_message(SourceUnusable, open_source, f"manifest:{path}") == (
        f"expected at least one image, got none in manifest:{path}: name a source that has some"
    )


@BOTH
def test_changes_to_a_manifest_after_it_was_opened_are_ignored(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path, path=["a.png", "cat/b.png"], label=["1", "2"])
    source = Manifest(path)
    images = iter(source)
    assert next(images).label == "1"
    path.write_bytes(b"nonsense")
    assert [image.label for image in images] == ["2"]
    assert [image.label for image in source] == ["1", "2"]
