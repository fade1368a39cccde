"""The file of columns: an Arrow IPC file of one record batch, as other tools read it.

It is read whole into memory and hashed there, not mapped: a mapped file that another process truncates ends this one.
Arrow trusts what a file says of itself, so only the two messages that are expected are read, and then validated.
https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format
"""

import hashlib
import struct
from collections.abc import Callable
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from storage.columns.columns import Columns, integers
from storage.columns.schema import OWN_FIELDS, is_valid_schema

#: What a file begins with, before the messages of a stream.
_MAGIC = b"ARROW1\0\0"

#: Bytes read, hashed or written at once: what a cache holds.
_BLOCK = 2**20

#: The fields of an encoded message and of a record batch (format/Message.fbs) by their place in a table's list of
#: fields: the message's header, and how the record batch is compressed.
_HEADER, _COMPRESSION = 2, 3


def write_columns(columns: Columns, write: Callable[[memoryview], object]) -> None:
    """Pass the bytes of a file of columns to `write`, piece by piece."""
    with (
        # Without it each column's padding is a piece.
        pa.BufferedOutputStream(pa.PythonFile(_Writer(write), "w"), _BLOCK) as out,
        pa.ipc.new_file(out, columns.batch.schema) as writer,
    ):
        writer.write_batch(columns.batch)


class _Writer:
    """A file object for Arrow that passes on what is written."""

    closed = False

    def __init__(self, write: Callable[[memoryview], object]) -> None:
        self._write = write
        self._size = 0

    def write(self, data: bytes | pa.Buffer) -> int:
        with memoryview(data) as view:
            self._write(view)
            self._size += view.nbytes
            return view.nbytes

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        """Do nothing: the caller flushes its file."""

    def close(self) -> None:
        """Do nothing: the caller closes its file."""


def read_columns(file: BinaryIO, size: int, sha256: bytes, count: int) -> Columns | None:
    """Read the columns of `count` rows from a file of `size` bytes; return None when it is not the one of this sha256.

    None is returned too for a file of this sha256 that `write_columns` did not write, whatever is in it.
    """
    data = np.empty(size, np.uint8)
    memory, digest, filled = memoryview(data), hashlib.sha256(), 0  # type: ignore[arg-type]
    while filled < size:
        length = file.readinto(memory[filled : filled + _BLOCK])  # type: ignore[attr-defined]
        if not length:
            return None
        digest.update(memory[filled : filled + length])
        filled += length
    if digest.digest() != sha256 or file.read(1):
        return None
    return parse_columns(pa.py_buffer(data), count)


def parse_columns(data: pa.Buffer, count: int) -> Columns | None:
    """Return the columns of `count` rows in a file's bytes, without a copy; None unless they are valid."""
    if data.size < len(_MAGIC) or data.slice(0, len(_MAGIC)).to_pybytes() != _MAGIC:
        return None
    try:
        stream = pa.BufferReader(data.slice(len(_MAGIC)))
        schema = pa.ipc.read_schema(pa.ipc.read_message(stream))
        if not is_valid_schema(schema):
            return None
        message = pa.ipc.read_message(stream)
        if message.type != "record batch" or _is_compressed(message.metadata):
            return None
        batch = pa.ipc.read_record_batch(message, schema)
        if batch.num_rows != count:
            return None
        batch.validate(full=True)
        return Columns(batch) if _has_own_values(batch) else None
    # Arrow reads names that are not UTF-8, and a ValueError says so when they are used.
    except (pa.ArrowException, ValueError, OSError, EOFError, OverflowError, struct.error):
        return None


def _has_own_values(batch: pa.RecordBatch) -> bool:
    """Return whether no row lacks a value but a label, and ids ascend from 0 or more."""
    if any(batch.column(field.name).null_count for field in OWN_FIELDS if field.name != "label"):
        return False
    ids = np.asarray(integers(batch.column("id")))
    return not len(ids) or bool(ids[0] >= 0 and (ids[1:] > ids[:-1]).all())


def _is_compressed(metadata: pa.Buffer) -> bool:
    """Return whether the buffers of a record batch are compressed, given its message; a few bytes could become many.

    Arrow does not say. https://flatbuffers.dev/internals/
    """
    message = memoryview(metadata)
    (root,) = struct.unpack_from("<I", message)
    header = _field_position(message, root, _HEADER)
    if header is None:
        return True
    (offset,) = struct.unpack_from("<I", message, header)
    return _field_position(message, header + offset, _COMPRESSION) is not None


def _field_position(message: memoryview, table: int, field: int) -> int | None:
    """Return the position of a field of a table in an encoded message; None if it has its default value."""
    (distance,) = struct.unpack_from("<i", message, table)
    size, _, *offsets = struct.unpack_from(
        f"<HH{field + 1}H", message.tobytes() + bytes(2 * field + 2), table - distance
    )
    return table + offsets[field] if size >= 2 * field + 6 and offsets[field] else None
