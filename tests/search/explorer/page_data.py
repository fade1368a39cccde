"""Read the data of a page as its script does."""

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def block(page: Path, name: str) -> bytes:
    """Return the bytes of a block."""
    found = re.findall(rf'<script type="application/base64" id="data-{name}">([^<]*)</script>', page.read_text())
    assert len(found) == 1
    return base64.b64decode(found[0])


def json_of(page: Path, name: str) -> Any:
    return json.loads(gzip.decompress(block(page, name)))


def array_of(page: Path, name: str, dtype: str, columns: int) -> NDArray[Any]:
    values = np.frombuffer(gzip.decompress(block(page, name)), dtype)
    return values.reshape(-1 if columns else len(json_of(page, "items")["keys"]), columns)


def neighbour_lists(page: Path) -> dict[int, list[tuple[int, float]]]:
    """Return the ids and distances of each item's neighbours, by the item's id."""
    ids = array_of(page, "ids", "<f8", 1)[:, 0].astype(int).tolist()
    k = json_of(page, "facts")["k"]
    everything = [*ids, *json_of(page, "items")["outside"]["ids"]]
    neighbours = array_of(page, "neighbours", "<u4", k).tolist()
    distances = array_of(page, "distances", "<f4", k).tolist()
    return {
        id: [(everything[index], distance) for index, distance in zip(row, far, strict=True)]
        for id, row, far in zip(ids, neighbours, distances, strict=True)
    }
