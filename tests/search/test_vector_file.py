"""Query vectors from untrusted files."""

import io
import pickle
from pathlib import Path

import numpy as np
import pytest

from search.vector_file import read_vector
from storage.errors import FileUnusable


@pytest.mark.parametrize("shape", [(3,), (1, 3)])
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<i2"])
def test_a_vector_of_any_real_type_is_read(tmp_path: Path, shape: tuple[int, ...], dtype: str) -> None:
    np.save(tmp_path / "vector.npy", np.array([1, 2, 3], dtype).reshape(shape))
    assert read_vector(tmp_path / "vector.npy").tolist() == [1, 2, 3]


def file_of_shape(shape: str) -> bytes:
    """Return a .npy file of three numbers whose header claims another shape."""
    file = io.BytesIO()
    np.save(file, np.zeros(3, np.float32))
    return file.getvalue().replace(b"(3,), ", f"({shape}), ".encode())


BAD_FILES = {
    "empty": b"",
    "text": b"1 2 3",
    "archive": b"PK\x03\x04 and so on",
    "pickled": pickle.dumps([1, 2, 3]),
    "cut": file_of_shape("3,")[:-4],
    "huge": file_of_shape("9" * 15 + ","),
    "negative": file_of_shape("-3,"),
    "open bracket": file_of_shape("(3,"),
    "a NUL": file_of_shape("3, \0"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_is_not_a_vector_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "vector.npy").write_bytes(BAD_FILES[name])
    with pytest.raises(FileUnusable) as refused:
        read_vector(tmp_path / "vector.npy")
    assert str(refused.value).startswith(
        f"expected a vector in a .npy file, got {tmp_path}/vector.npy, which cannot be read ("
    )
    assert "\n" not in str(refused.value)


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "vector.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(FileUnusable, match="which cannot be read"):
        read_vector(tmp_path / "vector.npy")


def test_several_vectors_and_a_folder_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "vector.npy", np.zeros((2, 3)))
    with pytest.raises(FileUnusable, match="got an array of shape"):
        read_vector(tmp_path / "vector.npy")
    with pytest.raises(FileUnusable, match="which is not a file: name one that exists"):
        read_vector(tmp_path)
