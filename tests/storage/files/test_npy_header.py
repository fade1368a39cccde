"""Headers of NumPy's format are read as NumPy writes them; any other is one kind of error on every Python."""

import io
import random
from contextlib import suppress

import numpy as np
import pytest

from storage.files.npy_header import read_npy_header
from tests.errors import exactly

NO_ARRAY = "a header that describes no array"


def npy(version: tuple[int, int] = (1, 0)) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asfortranarray(np.zeros((3, 2), np.float32)), version)
    return file.getvalue()


def with_header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin1")


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_a_header_that_numpy_wrote_is_read_and_nothing_after_it(version: tuple[int, int]) -> None:
    stream = io.BytesIO(npy(version))
    assert read_npy_header(stream) == ((3, 2), True, np.dtype(np.float32))
    assert len(stream.read()) == 24


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (with_header("((1, 2)"), NO_ARRAY),
        (with_header("{'descr': \0}"), NO_ARRAY),
        (with_header("(" * 300), NO_ARRAY),
        (with_header("-" * 9000 + "1"), NO_ARRAY),
        (with_header("  1\n 2"), NO_ARRAY),
        (with_header("[]"), NO_ARRAY),
        (with_header("{'descr': [('a',)], 'fortran_order': False, 'shape': ()}"), NO_ARRAY),
        (npy()[:50], "a header of 118 bytes, of which 40 are there"),
        (npy((3, 0)), "an array in version 3.0 of NumPy's format, where 1.0 or 2.0 is read"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\x7f", "a header of 2147483647 bytes, where at most 10000 are read"),
    ],
    ids=[
        "an open bracket",
        "a NUL",
        "300 brackets",
        "9000 signs",
        "an indent",
        "a list",
        "half a field",
        "half",
        "version 3.0",
        "2 GiB",
    ],
)
def test_any_other_header_is_a_value_error_in_our_words(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=exactly(reason)):
        read_npy_header(io.BytesIO(data))


def test_a_header_with_random_changes_is_read_or_a_value_error() -> None:
    generator = random.Random(1)
    original = npy()
    read = 0
    for _ in range(3000):
        data = bytearray(original)
        for _ in range(generator.randint(1, 4)):
            data[generator.randrange(10, 100)] = generator.randrange(256)
        with suppress(ValueError):
            read_npy_header(io.BytesIO(bytes(data)))
            read += 1
    assert 0 < read < 3000
