"""Many flat objects encoded at once: each as if it were alone."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.types.flat_json import encode_each
from storage.types.items import Scalar

#: Texts with what separates objects and fields while they are encoded.
TEXTS = st.text(st.sampled_from([*'{},:"\\\n \0\x01a\x7fé\u2028😀']), max_size=8)
NUMBERS = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
OBJECTS = st.dictionaries(TEXTS, TEXTS | NUMBERS | st.booleans() | st.none(), max_size=4)


@pytest.mark.parametrize("ascii", [False, True])
@given(objects=st.lists(OBJECTS, max_size=8))
def test_each_object_is_encoded_as_pythons_json_encodes_it_alone(
    ascii: bool, objects: list[Mapping[str, Scalar]]
) -> None:
    expected = [json.dumps(values, sort_keys=True, ensure_ascii=ascii).encode() for values in objects]
    assert encode_each(objects, ascii=ascii) == expected


def test_texts_that_look_like_separators_stay_in_their_objects() -> None:
    assert encode_each([{"b": "},\n{", "a": ',\n"'}, {}, {"}\0{": 1.0}]) == [
        rb'{"a": ",\n\"", "b": "},\n{"}',
        b"{}",
        rb'{"}\u0000{": 1.0}',
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([{"b": 1}, {"c": 2}], "^objects as values$"),
        (float("nan"), "^Out of range float values are not JSON compliant"),
    ],
)
def test_objects_as_values_and_what_is_no_json_are_refused(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode_each([{"a": value}])
