"""Queries: what is checked, and what is there by default."""

import sys
from typing import Any

import numpy as np
import pytest

from storage.errors import InvalidQuery
from storage.types.query import Query
from storage.types.where import Condition
from tests.errors import error_message


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query.checked(), Query(5)),
        (Query.checked(3), Query(3)),
        (Query.checked(3, where={}), Query(3)),
        (Query.checked(radius=2), Query(sys.maxsize, 2.0)),
        (Query.checked(3, radius=np.float32(0.5)), Query(3, 0.5)),
        (Query.checked(where={"label": "a"}), Query(5, conditions=(Condition("label", "=", ("a",)),))),
        (Query.checked(exclude=np.array([1, 2])), Query(5, excluded=(1, 2))),
    ],
)
def test_a_query_has_five_hits_unless_k_or_a_radius_is_given(query: Query, expected: Query) -> None:
    assert query == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "expected k to be a whole number of at least 1, got 0"),
        ({"radius": float("inf")}, "expected the radius to be a finite number of at least 0, got inf"),
        ({"where": 7}, "expected a filter such as {'label': '7'}, got 7"),
        ({"exclude": "12"}, "expected a list of ids to exclude, got '12'"),
        (
            {"exclude": [1.5]},
            "expected an id to be a whole number, got 1.5: use the `id` of an item or a hit, or query by key",
        ),
    ],
)
def test_an_invalid_option_is_refused(options: dict[str, Any], message: str) -> None:
    assert error_message(InvalidQuery, Query.checked, **options) == message
