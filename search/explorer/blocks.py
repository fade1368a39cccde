"""Blocks of data in a page: base64 in script elements that no browser runs."""

import base64
import gzip
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray


def json_block(name: str, document: Any) -> str:
    """Return a block of JSON, compressed; NaN and infinities, which JSON does not have, are refused."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _compressed(name, text.encode())


def array_block(name: str, array: NDArray[Any]) -> str:
    """Return a block of an array's bytes, little-endian, compressed."""
    return _compressed(name, np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())


def bytes_block(name: str, data: bytes) -> str:
    """Return a block of bytes as they are."""
    return f'<script type="application/base64" id="data-{name}">{base64.b64encode(data).decode("ascii")}</script>\n'


def _compressed(name: str, data: bytes) -> str:
    # Without a time, so that equal data give equal blocks.
    return bytes_block(name, gzip.compress(data, 6, mtime=0))
