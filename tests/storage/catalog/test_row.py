"""How an item becomes bytes: equal items to equal bytes, whatever stands beside them in a batch."""

import json
from collections.abc import Mapping

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from storage import NewItem
from storage.catalog.row import bytes_of_each, encode_texts
from storage.types.items import Scalar

#: Texts with what separates items and fields while a batch is encoded.
TEXTS = st.text(st.sampled_from([*'{},:"\\\n \x01aé\u2028']), max_size=8)
NUMBERS = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
METADATA = st.dictionaries(TEXTS, TEXTS | NUMBERS | st.booleans() | st.none(), max_size=4)


@given(st.lists(METADATA, max_size=8))
def test_metadata_of_a_batch_is_encoded_as_each_alone(batch: list[Mapping[str, Scalar]]) -> None:
    texts = encode_texts([NewItem("key", b"", None, metadata) for metadata in batch])
    expected = [json.dumps(metadata, sort_keys=True, ensure_ascii=False).encode() for metadata in batch]
    assert [text.metadata for text in texts] == expected


def test_a_text_of_separators_stays_in_its_item() -> None:
    items = [NewItem("a", b"", "x", {"b": "},\n{", "a": ',\n"'}), NewItem("é", b""), NewItem("c", b"", "", {"}": 1.0})]
    assert encode_texts(items) == [
        (b"a", b"x", rb'{"a": ",\n\"", "b": "},\n{"}'),
        ("é".encode(), None, b"{}"),
        (b"c", b"", b'{"}": 1.0}'),
    ]


def test_vectors_are_stored_as_little_endian_float32() -> None:
    assert bytes_of_each(np.array([[1, -2], [0.5, 0]], np.float32)) == [
        bytes.fromhex("0000803f 000000c0"),
        bytes.fromhex("0000003f 00000000"),
    ]
    assert bytes_of_each(np.empty((0, 2), np.float32)) == []
