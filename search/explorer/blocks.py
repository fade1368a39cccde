"""Blocks of data of a page: in a file base64 in script elements that no browser runs, and as they are over HTTP."""

import base64
import gzip
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: A block's name, and its bytes.
Block = tuple[str, bytes]


def json_block(name: str, document: Any) -> Block:
    """Return a block of JSON, compressed; NaN and infinities, which JSON does not have, are refused."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return name, _compressed(text.encode())


def array_block(name: str, array: NDArray[Any]) -> Block:
    """Return a block of an array's bytes, little-endian, compressed."""
    return name, _compressed(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())


def html_of(block: Block) -> str:
    """Return a block as an element of a page."""
    name, data = block
    return f'<script type="application/base64" id="data-{name}">{base64.b64encode(data).decode("ascii")}</script>\n'


def message_of(block: Block) -> bytes:
    """Return a block as a part of a response: a line of its name and its number of bytes, and these."""
    name, data = block
    return f"{name} {len(data)}\n".encode() + data


def _compressed(data: bytes) -> bytes:
    # Without a time, so that equal data give equal blocks.
    return gzip.compress(data, 6, mtime=0)
