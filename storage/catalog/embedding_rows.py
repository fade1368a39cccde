"""How a store's vectors are made, as rows that are written once and checked whenever they are read."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from storage.catalog.rows import VECTOR_TYPE
from storage.catalog.schema import ArrayRow, EmbeddingRow
from storage.errors import StoreCorrupt
from storage.types.embedding import Embedding

#: More than FAISS takes.
_MOST_DIMENSIONS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class _StoredArray:
    """An array as its row has it: the shape as JSON text."""

    name: str
    shape: str
    data: bytes


def write_embedding(connection: sa.Connection, embedding: Embedding) -> None:
    """Write the embedding of a new store."""
    arrays = [
        _StoredArray(name, json.dumps(array.shape), np.ascontiguousarray(array, VECTOR_TYPE).tobytes())
        for name, array in sorted(embedding.arrays.items())
    ]
    spec = json.dumps(embedding.spec, sort_keys=True, ensure_ascii=False, allow_nan=False)
    connection.execute(
        sa.insert(EmbeddingRow).values(
            id=1,
            dim=embedding.dim,
            fingerprint=embedding.fingerprint,
            spec=spec,
            sha256=_digest(embedding.dim, embedding.fingerprint, spec, arrays),
        )
    )
    for array in arrays:
        connection.execute(sa.insert(ArrayRow).values(name=array.name, shape=array.shape, data=array.data))


def read_embedding(connection: sa.Connection) -> Embedding:
    """Return the store's embedding; raise StoreCorrupt when anything of it is damaged."""
    rows = connection.execute(
        sa.select(EmbeddingRow.dim, EmbeddingRow.fingerprint, EmbeddingRow.spec, EmbeddingRow.sha256)
    ).all()
    columns = sa.select(ArrayRow.name, ArrayRow.shape, ArrayRow.data).order_by(ArrayRow.name)
    arrays = [_StoredArray(*row) for row in connection.execute(columns)]
    if len(rows) != 1 or _digest(*rows[0][:3], arrays) != rows[0].sha256:
        raise StoreCorrupt(
            "expected the store's embedding to match its checksum, but it was damaged after it was written: restore "
            "the store from a backup"
        )
    dim, fingerprint, text, _ = rows[0]
    try:
        spec = json.loads(text)
        fitted = {one.name: np.frombuffer(one.data, VECTOR_TYPE).reshape(json.loads(one.shape)) for one in arrays}
        if not (isinstance(dim, int) and 0 < dim <= _MOST_DIMENSIONS and isinstance(spec, dict)):
            raise ValueError(f"{dim!r} dimensions and a description of type {type(spec).__name__}")
        fingerprint.encode()
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise StoreCorrupt(
            f"expected an embedding that can be, got one with the right checksum and {error}: something other than "
            "Lookalike wrote it; restore the store from a backup"
        ) from error
    return Embedding(dim, fingerprint, spec, fitted)


def _digest(dim: object, fingerprint: object, spec: object, arrays: list[_StoredArray]) -> bytes:
    """Return the sha256 over everything an embedding is made of, whatever damage has made of it."""
    digest = hashlib.sha256(json.dumps([repr(dim), repr(fingerprint), repr(spec)]).encode())
    for array in arrays:
        data = array.data if isinstance(array.data, bytes) else repr(array.data).encode()
        digest.update(json.dumps([repr(array.name), repr(array.shape), hashlib.sha256(data).hexdigest()]).encode())
    return digest.digest()
