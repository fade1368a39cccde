"""The source `npz:FILE`."""

import io
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.errors import SourceUnusable, UnreadableImage
from ingest.sources import unpacking
from ingest.sources.npz import npz_source
from tests.errors import error_message
from tests.ingest.jobs import job
from tests.ingest.sources.contents import described
from tests.ingest.sources.idx_files import pictures
from tests.ingest.sources.memory import less_memory_than
from tests.toys import noise

Array = NDArray[Any]

NO_IMAGES = (
    "expected arrays x_train and y_train, x_test and y_test, or both, or images and perhaps labels in {file}, got "
)
DIGITS = np.array([3, 1])


def save(folder: Path, **arrays: Array) -> Path:
    path = folder / "set.npz"
    np.savez(path, allow_pickle=True, **arrays)
    return path


def npy(array: Array) -> bytes:
    """Return an array as the bytes of an `.npy` file."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def write(path: Path, members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return path


def refusal(path: Path) -> str:
    return error_message(SourceUnusable, npz_source, path)


@pytest.mark.parametrize("saved", [np.savez, np.savez_compressed])
def test_train_and_test_are_splits_as_in_keras_own_file(tmp_path: Path, saved: Callable[..., None]) -> None:
    saved(
        tmp_path / "set.npz",
        x_train=pictures(2),
        y_train=DIGITS.astype(np.uint8),
        x_test=pictures(1, first=50),
        y_test=np.array([8]),
    )
    source = npz_source(tmp_path / "set.npz")
    images = list(source)
    assert (source.name, len(source)) == ("npz", 3)
    assert described(images) == [
        ("npz/train/00000", "3", {"source": "npz", "split": "train", "index": 0}),
        ("npz/train/00001", "1", {"source": "npz", "split": "train", "index": 1}),
        ("npz/test/00000", "8", {"source": "npz", "split": "test", "index": 0}),
    ]
    for number, expected in ((2, pictures(1, first=50)[0]), (0, pictures(2)[0]), (1, pictures(2)[1])):
        np.testing.assert_array_equal(images[number].read(), expected)


def test_images_and_labels_are_one_collection_without_splits(tmp_path: Path) -> None:
    source = npz_source(save(tmp_path, images=pictures(2), labels=DIGITS, extra=np.array([1.5])))
    assert described(source) == [
        ("npz/00000", "3", {"source": "npz", "index": 0}),
        ("npz/00001", "1", {"source": "npz", "index": 1}),
    ]


def test_images_alone_have_no_labels(tmp_path: Path) -> None:
    assert [image.label for image in npz_source(save(tmp_path, images=pictures(2)))] == [None, None]


@pytest.mark.parametrize("split", ["train", "test"])
def test_one_split_alone_is_enough(tmp_path: Path, split: str) -> None:
    arrays = {f"x_{split}": pictures(2), f"y_{split}": DIGITS}
    assert [image.key for image in npz_source(save(tmp_path, **arrays))] == [f"npz/{split}/00000", f"npz/{split}/00001"]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (np.array([[3], [1]]), ["3", "1"]),
        (np.array([3, -1], ">i8"), ["3", "-1"]),
        (np.array([3, np.nan], ">f8"), ["3", None]),
        (np.array([-0.5, -0.0], np.float16), ["-0.5", "0"]),
        (np.array(["Äpfel", ""]), ["Äpfel", ""]),
        (np.array(["Äpfel", "a"], ">U5"), ["Äpfel", "a"]),
        (np.array([b"cat", "Katze Ä".encode()]), ["cat", "Katze Ä"]),
    ],
    ids=["column", "big-endian", "one missing", "fractions", "text", "big-endian text", "bytes"],
)
def test_labels_are_numbers_or_texts(tmp_path: Path, labels: Array, expected: list[str | None]) -> None:
    assert [image.label for image in npz_source(save(tmp_path, images=pictures(2), labels=labels))] == expected


def test_colour_images_are_rgb_and_one_channel_is_grey(tmp_path: Path) -> None:
    rgb = np.arange(2 * 2 * 2 * 3, dtype=np.uint8).reshape(2, 2, 2, 3)
    np.testing.assert_array_equal([image.read() for image in npz_source(save(tmp_path, images=rgb))], rgb)
    grey = pictures(2)[..., np.newaxis]
    np.testing.assert_array_equal([image.read() for image in npz_source(save(tmp_path, images=grey))], pictures(2))


ONE_PICTURE = "expected images of 1 to 100000000 pixels in images of {file}, got 0 by 2"

UNFIT: dict[str, tuple[dict[str, Array], str]] = {
    "other names": ({"a": DIGITS, "b\n": DIGITS}, NO_IMAGES + r"a, 'b\n'"),
    "nothing": ({}, NO_IMAGES + "none"),
    "no labels of a split": ({"x_train": pictures(2)}, NO_IMAGES + "x_train"),
    "no images of a split": (
        {"x_train": pictures(2), "y_train": DIGITS, "y_test": DIGITS},
        NO_IMAGES + "x_train, y_test, y_train",
    ),
    "objects": (
        {"images": np.array([1, "a"], object)},
        "expected images as uint8, 0 to 255, in images of {file}, got objects, which are never unpickled: "
        "convert them first",
    ),
    "floats": (
        {"images": pictures(2) / 255},
        "expected images as uint8, 0 to 255, in images of {file}, got float64: convert them first",
    ),
    "flat images": (
        {"images": pictures(2).reshape(2, 6)},
        "expected images of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3) in images of {file}, got (2, 6): "
        "reshape them first",
    ),
    "channels first": (
        {"images": np.zeros((2, 3, 5, 5), np.uint8)},
        "expected images of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3) in images of {file}, got (2, 3, 5, 5): "
        "reshape them first",
    ),
    "no pixels": ({"images": np.zeros((2, 0, 2), np.uint8)}, ONE_PICTURE),
    "Fortran": (
        {"images": np.asfortranarray(pictures(2))},
        "expected images of {file} in C order, got Fortran order: save `np.ascontiguousarray` of it",
    ),
    "too few labels": (
        {"images": pictures(2), "labels": DIGITS[:1]},
        "expected 2 labels in labels of {file}, one per image, got an array of shape (1,)",
    ),
    "one-hot labels": (
        {"images": pictures(2), "labels": np.eye(2, dtype=np.uint8)},
        "expected 2 labels in labels of {file}, one per image, got an array of shape (2, 2)",
    ),
    "labels that are objects": (
        {"images": pictures(2), "labels": np.array(["a", None], object)},
        "expected labels as numbers or text in labels of {file}, got objects, which are never unpickled: "
        "convert them first",
    ),
    "labels that are complex": (
        {"images": pictures(2), "labels": DIGITS * 1j},
        "expected labels as numbers or text in labels of {file}, got complex128: convert them first",
    ),
    "labels without end": (
        {"images": pictures(2), "labels": np.array(["a", "b" * 1025])},
        "expected labels as numbers or text in labels of {file}, got <U1025: convert them first",
    ),
}


@pytest.mark.parametrize(("arrays", "message"), UNFIT.values(), ids=UNFIT)
def test_arrays_that_are_no_images_with_labels_are_refused(
    tmp_path: Path, arrays: dict[str, Array], message: str
) -> None:
    path = save(tmp_path, **arrays)
    assert refusal(path) == message.replace("{file}", str(path))


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
            return (Path.touch, (tmp_path / "sprung",))

    for name in ("images", "labels"):
        arrays = {"images": pictures(1), name: np.array([Trap()], object)}
        refusal(save(tmp_path, **arrays))
    assert not (tmp_path / "sprung").exists()


def claiming(shape: str, dtype: str = "|u1") -> bytes:
    """Return the bytes of an array whose header claims a shape that does not match its two bytes."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + b"ab"


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ("(1000000000000, 28, 28)", 784 * 10**12),
        ("(3, 1, 1)", 3),
        ("(1, 1, 1)", 1),
        ("(0, 1, 1)", 0),
        ("(-2, 1, 1)", -2),
        ("(1, -2, -1)", 2),
    ],
)
def test_a_header_that_claims_another_size_than_the_files_is_refused_without_taking_memory(
    tmp_path: Path, shape: str, size: int
) -> None:
    path = write(tmp_path / "set.npz", {"images": claiming(shape)})
    with less_memory_than(2**20):
        message = refusal(path)
    assert message == (
        f"expected {size} bytes of values in images of {path}, as its header says, got 2: the file is damaged"
    )


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "EOF: reading magic string, expected 8 bytes got 0"),
    "no array": (b"<html>!!", "the magic string is not correct; expected b'\\x93NUMPY', got b'<html>'"),
    "half a header": (npy(pictures(1))[:50], "a header of 118 bytes, of which 40 are there"),
    "an open bracket": (claiming("((1, 1, 1)"), "a header that describes no array"),
    "a program": (claiming("__import__('os')"), ""),
    "another version": (b"\x93NUMPY\x03\x00" + bytes(200), "an array in version 3.0 of NumPy's format"),
}


@pytest.mark.parametrize(("data", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_member_that_is_no_array_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    path = write(tmp_path / "set.npz", {"images": data})
    message = refusal(path)
    assert message.startswith(f"expected a NumPy array that can be read in images of {path}, got '{reason}")
    assert message.endswith("': the file is damaged")


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    for data in (b"", b"<html>", save(tmp_path, images=pictures(9)).read_bytes()[:-30]):
        path.write_bytes(data)
        assert refusal(path) == f"expected an .npz file, got {path}: 'File is not a zip file'"


def test_a_damaged_value_is_refused_by_its_checksum(tmp_path: Path) -> None:
    image = noise(1, 100, 100)
    path = save(tmp_path, images=image)
    data = path.read_bytes()
    end = data.index(image.tobytes()) + image.size
    path.write_bytes(data[: end - 1] + bytes([data[end - 1] ^ 1]) + data[end:])
    assert refusal(path) == (
        f"expected a file that can be unpacked, got images of {path}: 'Bad CRC-32 for file 'images.npy'': "
        "it is damaged or truncated"
    )


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "set.npz"
    np.savez_compressed(path, images=np.zeros((64, 256, 256), np.uint8))
    assert len(npz_source(path)) == 64
    monkeypatch.setattr(unpacking, "BOMB_SIZE", 2**22 - 1)
    with zipfile.ZipFile(path) as archive:
        packed = archive.getinfo("images.npy").compress_size
    with less_memory_than(2**20):
        message = refusal(path)
    assert message == (
        f"expected images in images of {path}, got {packed} bytes that unpack to 4194304, which looks like a "
        "decompression bomb: if it is none, unpack it yourself"
    )


def test_another_compression_than_numpys_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "set.npz", {"images": npy(pictures(1))}, zipfile.ZIP_LZMA)
    assert (
        refusal(path) == f"expected images of {path} to be stored or deflated, as NumPy does, got another compression"
    )


def test_the_file_can_be_changed_once_it_is_open(tmp_path: Path) -> None:
    path = save(tmp_path, images=pictures(2), labels=DIGITS)
    source = npz_source(path)
    os.truncate(path, 0)
    np.testing.assert_array_equal([image.read() for image in source], pictures(2))
    assert [image.label for image in source] == ["3", "1"]


def test_a_label_that_is_no_text_rejects_its_image_alone(tmp_path: Path) -> None:
    no_text = np.array([0x110000, ord("a")], "<u4").view("<U1")
    latin = np.array([b"caf\xe9", b"tea"])
    for labels, good, reason in (
        (no_text, "a", "expected a label that is text at index 0 of labels of "),
        (latin, "tea", "expected an item that can be stored, got key 'npz/00000': its label must be valid Unicode"),
    ):
        path = save(tmp_path, images=pictures(2), labels=labels)
        store = tmp_path / good
        report = job(f"npz:{path}", store)
        assert (report.added, [reject.key for reject in report.rejects]) == (1, ["npz/00000"])
        assert report.rejects[0].reason.startswith(reason)
    with pytest.raises(UnreadableImage):
        next(iter(npz_source(save(tmp_path, images=pictures(2), labels=no_text)))).read()
