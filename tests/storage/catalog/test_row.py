"""How an item becomes bytes."""

import numpy as np

from storage import NewItem
from storage.catalog.row import bytes_of_each, encode_texts


def test_texts_of_a_batch_are_utf8_and_json() -> None:
    items = [NewItem("a", b"", "x", {"n": 1, "b": "é\n"}), NewItem("é", b""), NewItem("c", b"", "", {"t": True})]
    assert encode_texts(items) == [
        (b"a", b"x", '{"b": "é\\n", "n": 1}'.encode()),
        ("é".encode(), None, b"{}"),
        (b"c", b"", b'{"t": true}'),
    ]
    assert encode_texts([]) == []


def test_vectors_are_stored_as_little_endian_float32() -> None:
    assert bytes_of_each(np.array([[1, -2], [0.5, 0]], np.float32)) == [
        bytes.fromhex("0000803f 000000c0"),
        bytes.fromhex("0000003f 00000000"),
    ]
    assert bytes_of_each(np.empty((0, 2), np.float32)) == []
