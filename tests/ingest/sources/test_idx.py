"""The source `idx:DIR`."""

import gzip
import io
import os
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import SourceUnusable, UnreadableImage
from ingest.sources import open_source, unpacking
from ingest.sources.arrays import ArraySource
from ingest.sources.idx import idx_source
from tests.errors import error_message
from tests.ingest.sources.idx_files import idx, pictures, write_split
from tests.ingest.sources.memory import less_memory_than

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def described(source: ArraySource) -> list[tuple[object, ...]]:
    """Return the keys, labels, metadata and pixels of a source."""
    return [
        (image.key, image.label, dict(image.metadata), np.asarray(image.read(), np.uint8).tolist()) for image in source
    ]


def refusal(folder: Path) -> str:
    return error_message(SourceUnusable, idx_source, folder)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
def test_train_comes_before_t10k_which_is_the_split_test(tmp_path: Path, packed: bool) -> None:
    write_split(tmp_path, "t10k", 1, packed=packed)
    write_split(tmp_path, "train", 2, packed=packed)
    source = idx_source(tmp_path)
    assert (source.name, len(source)) == ("idx", 3)
    assert described(source) == [
        ("idx/train/00000", "9", {"source": "idx", "split": "train", "index": 0}, [[0, 1], [2, 3], [4, 5]]),
        ("idx/train/00001", "8", {"source": "idx", "split": "train", "index": 1}, [[6, 7], [8, 9], [10, 11]]),
        ("idx/test/00000", "9", {"source": "idx", "split": "test", "index": 0}, [[0, 1], [2, 3], [4, 5]]),
    ]
    assert described(source) == described(idx_source(tmp_path))


@pytest.mark.parametrize(("prefix", "split"), [("train", "train"), ("t10k", "test")])
def test_one_split_alone_is_enough(tmp_path: Path, prefix: str, split: str) -> None:
    write_split(tmp_path, prefix, 2)
    assert [image.key for image in idx_source(tmp_path)] == [f"idx/{split}/00000", f"idx/{split}/00001"]


def test_gzip_is_recognized_by_content_not_by_name(tmp_path: Path) -> None:
    (tmp_path / IMAGES).write_bytes(gzip.compress(idx(pictures(2))))
    (tmp_path / f"{LABELS}.gz").write_bytes(idx(np.array([4, 5], np.uint8)))
    assert [image.label for image in idx_source(tmp_path)] == ["4", "5"]


def test_a_plain_file_is_preferred_to_a_gzipped_one(tmp_path: Path) -> None:
    write_split(tmp_path, "train", 2)
    write_split(tmp_path, "train", 1, packed=True)
    assert len(idx_source(tmp_path)) == 2


def test_names_with_a_full_stop_are_found_too(tmp_path: Path) -> None:
    (tmp_path / "train-images.idx3-ubyte").write_bytes(idx(pictures(1)))
    (tmp_path / "train-labels.idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.array([7], np.uint8))))
    assert [(image.key, image.label) for image in idx_source(tmp_path)] == [("idx/train/00000", "7")]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
def test_images_can_be_read_in_any_order_after_the_source_is_gone(tmp_path: Path, packed: bool) -> None:
    write_split(tmp_path, "train", 5, packed=packed)
    images = list(idx_source(tmp_path))
    for number in (4, 0, 3, 3):
        np.testing.assert_array_equal(images[number].read(), pictures(5)[number])


def test_files_cannot_be_changed_through_an_image(tmp_path: Path) -> None:
    write_split(tmp_path, "train")
    image = next(iter(idx_source(tmp_path))).read()
    assert isinstance(image, np.ndarray)
    assert not image.flags.writeable


def header(magic: int, *dimensions: int) -> bytes:
    return struct.pack(f">{1 + len(dimensions)}I", magic, *dimensions)


INTACT = idx(pictures(3))

DAMAGED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "expected an IDX file with the magic number 2051 at {}, got 0 bytes: it is another kind of file"),
    "labels": (
        header(2049, 3) + b"abc",
        "expected an IDX file with the magic number 2051 at {}, got 2049: it is another kind of file",
    ),
    "html": (
        b"<html>",
        "expected an IDX file with the magic number 2051 at {}, got 1013478509: it is another kind of file",
    ),
    "floats": (
        header(0x0D03, 3, 3, 2) + bytes(72),
        "expected an IDX file with the magic number 2051 at {}, got 3331: it is another kind of file",
    ),
    "half a header": (
        INTACT[:11],
        "expected 3 dimensions in {}, got the end of the file: it is truncated",
    ),
    "truncated": (INTACT[:-1], "expected 18 bytes after the header of {}, got 17: the file is truncated"),
    "a count too high": (
        header(2051, 4, 3, 2) + INTACT[16:],
        "expected 24 bytes after the header of {}, got 18: the file is truncated",
    ),
    "no height": (header(2051, 3, 0, 2), "expected images of 1 to 100000000 pixels in {}, got 0 by 2"),
    "too large": (
        header(2051, 1, 10001, 10000),
        "expected images of 1 to 100000000 pixels in {}, got 10001 by 10000",
    ),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize(("data", "message"), DAMAGED.values(), ids=DAMAGED)
def test_anything_but_an_intact_file_of_images_is_refused(
    tmp_path: Path, data: bytes, message: str, packed: bool
) -> None:
    write_split(tmp_path, "train")
    (tmp_path / IMAGES).write_bytes(gzip.compress(data) if packed else data)
    assert refusal(tmp_path) == message.format(tmp_path / IMAGES)


def test_trailing_data_is_refused(tmp_path: Path) -> None:
    write_split(tmp_path, "train")
    images = tmp_path / IMAGES
    start = f"expected 18 bytes after the header of {images}, got"
    images.write_bytes(INTACT + b"!")
    assert refusal(tmp_path) == f"{start} 19: the file is followed by something else"
    images.write_bytes(gzip.compress(INTACT + b"!"))
    assert refusal(tmp_path) == f"{start} more: the file is followed by something else"


def test_labels_of_another_number_than_the_images_are_refused(tmp_path: Path) -> None:
    write_split(tmp_path, "train")
    for count in (0, 2, 4):
        (tmp_path / LABELS).write_bytes(idx(np.zeros(count, np.uint8)))
        assert refusal(tmp_path) == f"expected 3 labels in {tmp_path / LABELS}, one per image, got {count}"
    (tmp_path / LABELS).write_bytes(header(2049, 3) + b"ab")
    assert refusal(tmp_path) == (
        f"expected 3 bytes after the header of {tmp_path / LABELS}, got 2: the file is truncated"
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-9],
        lambda data: data[: len(data) // 2],
        lambda data: data[:-8] + bytes(4) + data[-4:],
        lambda data: data + b"more",
        lambda data: data[:-12] + b"\xff\xff" + data[-10:],
    ],
    ids=["no checksum", "half", "wrong checksum", "trailing", "overwritten"],
)
def test_a_damaged_gzip_file_is_refused(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    write_split(tmp_path, "train", packed=True)
    images = tmp_path / f"{IMAGES}.gz"
    images.write_bytes(damage(images.read_bytes()))
    message = refusal(tmp_path)
    assert message.startswith(f"expected a file that can be unpacked, got {images}: '")
    assert message.endswith("': it is damaged or truncated")


#: A gzip file may have several members; one of 64 MiB of zeros, packed to 64 KB.
ZEROS = gzip.compress(bytes(2**26), compresslevel=1)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (
            header(2051, 33 * 2**20, 8, 8),
            "expected images in {file}, got {size} bytes that unpack to 2214592512, which looks like a decompression "
            "bomb: if it is none, unpack it yourself",
        ),
        (
            header(2051, 3, 3, 2),
            "expected 18 bytes after the header of {file}, got more: the file is followed by something else",
        ),
    ],
    ids=["as the header says", "behind a small header"],
)
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, start: bytes, message: str) -> None:
    write_split(tmp_path, "train", packed=True)
    bomb = tmp_path / f"{IMAGES}.gz"
    bomb.write_bytes(gzip.compress(start) + ZEROS * 33)
    with less_memory_than(2**20):
        assert refusal(tmp_path) == message.format(file=bomb, size=bomb.stat().st_size)


def test_a_large_file_that_hardly_shrinks_is_no_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "BOMB_SIZE", 1)
    write_split(tmp_path, "train", packed=True)
    assert len(idx_source(tmp_path)) == 3
    (tmp_path / f"{IMAGES}.gz").write_bytes(gzip.compress(idx(np.zeros((3, 500, 500), np.uint8))))
    assert "which looks like a decompression bomb" in refusal(tmp_path)


def test_without_room_to_unpack_the_error_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_split(tmp_path, "train", packed=True)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: io.FileIO("/dev/full", "r+"))
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/small")
    assert refusal(tmp_path) == (
        "expected room for 18 bytes in /small, got: No space left on device: set TMPDIR to a folder with more"
    )


def test_images_without_labels_and_labels_without_images_are_refused(tmp_path: Path) -> None:
    write_split(tmp_path, "train")
    (tmp_path / LABELS).unlink()
    assert refusal(tmp_path) == f"expected both images and labels of train in {tmp_path}, found only {IMAGES}"
    (tmp_path / IMAGES).rename(tmp_path / LABELS)
    assert refusal(tmp_path) == f"expected both images and labels of train in {tmp_path}, found only {LABELS}"


def test_a_folder_without_idx_files_and_what_is_no_folder_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (
        "expected train-images-idx3-ubyte and train-labels-idx1-ubyte, or the same of t10k, gzipped or not, "
        f"found none in {tmp_path}"
    )
    for path in (tmp_path / "nothing", Path("a\0b")):
        assert refusal(path) == (
            f"expected a folder of IDX files, got {path if path.parent == tmp_path else repr(str(path))}, "
            "which is not a folder: name one that exists"
        )


def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    write_split(tmp_path, "train")
    (tmp_path / IMAGES).unlink()
    os.mkfifo(tmp_path / IMAGES)
    assert refusal(tmp_path) == (
        f"expected an IDX file, got {tmp_path / IMAGES}: not an ordinary file: name one that exists and can be read"
    )


def test_no_images_at_all_are_refused(tmp_path: Path) -> None:
    write_split(tmp_path, "train", 0)
    assert error_message(SourceUnusable, open_source, f"idx:{tmp_path}") == (
        f"expected at least one image, got none in idx:{tmp_path}: name a source that has some"
    )


def test_after_a_file_is_truncated_only_the_lost_images_are_rejected(tmp_path: Path) -> None:
    write_split(tmp_path, "train")
    images = list(idx_source(tmp_path))
    os.truncate(tmp_path / IMAGES, 16 + 11)
    np.testing.assert_array_equal(images[0].read(), pictures(1)[0])
    for number in (1, 2):
        assert error_message(UnreadableImage, images[number].read) == (
            f"expected image {number} of {tmp_path / IMAGES}, got the end of the file, which was cut while it was read"
        )
    assert [image.label for image in images] == ["9", "8", "7"]


def test_a_gzipped_file_that_is_truncated_after_it_was_opened_loses_nothing(tmp_path: Path) -> None:
    write_split(tmp_path, "train", packed=True)
    images = list(idx_source(tmp_path))
    os.truncate(tmp_path / f"{IMAGES}.gz", 0)
    np.testing.assert_array_equal([image.read() for image in images], pictures(3))
