"""Hits as the commands print them in JSON."""

from typing import Any

import pytest

from tests.search.stores import LABELS, LEVELS, SIZE


def hit(rank: int, key: str, distance: float) -> dict[str, Any]:
    return {
        "rank": rank,
        "id": list(LEVELS).index(key),
        "key": key,
        "label": LABELS.get(key),
        "distance": pytest.approx(distance, abs=1e-6),
        "metadata": SIZE,
    }


OF_DARK = [hit(1, "black", 0.4), hit(2, "light", 0.8), hit(3, "white", 1.2)]
