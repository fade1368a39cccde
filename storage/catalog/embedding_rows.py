"""The rows of a store's embedding: written whole, and checked whenever they are read."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from storage.catalog.row import VECTOR_DTYPE
from storage.catalog.schema import ArrayRow, EmbeddingRow
from storage.errors import StoreCorrupt
from storage.types.embedding import Embedding
from storage.types.items import is_storable_text
from storage.types.storable import are_counts, shortened

#: The most dimensions that FAISS can index.
_MAX_DIMENSIONS = 2**31 - 1

#: The longest fingerprint, and description as JSON, in characters.
_MAX_FINGERPRINT, _MAX_SPEC = 1000, 2**20

_FINGERPRINT = sa.select(EmbeddingRow.fingerprint)
_DIM = sa.select(EmbeddingRow.dim).limit(1)

#: An array as stored: its name, its shape as JSON text, and its bytes.
_StoredArray = tuple[str, str, bytes]


def write_embedding(connection: sa.Connection, embedding: Embedding, batch: int = 0) -> None:
    """Write the embedding of a store that has none; `batch` is the number of the batch with which it begins."""
    arrays = [
        (name, json.dumps(array.shape), np.ascontiguousarray(array, VECTOR_DTYPE).tobytes())
        for name, array in sorted(embedding.arrays.items())
    ]
    spec = json.dumps(embedding.spec, sort_keys=True, ensure_ascii=False, allow_nan=False)
    sha256 = digest_of(embedding.dim, embedding.fingerprint, spec, arrays, batch)
    row = {"id": batch + 1, "dim": embedding.dim, "fingerprint": embedding.fingerprint, "spec": spec, "sha256": sha256}
    connection.execute(sa.insert(EmbeddingRow).values(row))
    for array in arrays:
        connection.execute(sa.insert(ArrayRow).values(array))


def replace_embedding(connection: sa.Connection, embedding: Embedding, batch: int) -> None:
    """Write another embedding, which begins with a batch, instead of the one that is there."""
    connection.execute(sa.delete(ArrayRow))
    connection.execute(sa.delete(EmbeddingRow))
    write_embedding(connection, embedding, batch)


def read_first_batch(connection: sa.Connection) -> int:
    """Return the number of the batch with which the embedding begins; 0 unless the store was renewed.

    Without an embedding it is 0 too: reading that raises StoreCorrupt.
    """
    return int(connection.execute(sa.select(EmbeddingRow.id)).scalar() or 1) - 1


def read_fingerprint(connection: sa.Connection) -> object:
    """Return the fingerprint alone, unchecked: it shows whether the embedding must be read again."""
    return connection.execute(_FINGERPRINT).scalar_one_or_none()


def read_dim(connection: sa.Connection) -> int:
    """Return the number of dimensions, unchecked; 1 when it is damaged."""
    dim = connection.execute(_DIM).scalar()
    return dim if isinstance(dim, int) and 0 < dim <= _MAX_DIMENSIONS else 1


def read_embedding(connection: sa.Connection) -> Embedding:
    """Return the store's embedding; raise StoreCorrupt when any of it is damaged."""
    rows = connection.execute(
        sa.select(EmbeddingRow.dim, EmbeddingRow.fingerprint, EmbeddingRow.spec, EmbeddingRow.sha256, EmbeddingRow.id)
    ).all()
    columns = sa.select(ArrayRow.name, ArrayRow.shape, ArrayRow.data).order_by(ArrayRow.name)
    arrays = connection.execute(columns).all()
    if len(rows) != 1 or digest_of(*rows[0][:3], arrays, rows[0].id - 1) != rows[0].sha256:
        raise StoreCorrupt(
            "expected the store's embedding to match its checksum, but it was damaged after it was written: restore "
            "the store from a backup"
        )
    dim, fingerprint, text, *_ = rows[0]
    try:
        return Embedding(*_checked_identity(dim, fingerprint), _checked_spec(text), dict(map(_checked_array, arrays)))
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreCorrupt(
            f"expected a possible embedding, got one with the right checksum and {error}: something other than "
            "Lookalike wrote it; restore the store from a backup"
        ) from error


def _checked_identity(dim: object, fingerprint: object) -> tuple[int, str]:
    if not (isinstance(dim, int) and 0 < dim <= _MAX_DIMENSIONS):
        raise ValueError(f"{shortened(str(dim))} dimensions")
    if not (isinstance(fingerprint, str) and is_storable_text(fingerprint) and len(fingerprint) <= _MAX_FINGERPRINT):
        raise ValueError("a fingerprint that is no text, or a long one")
    return dim, fingerprint


def _checked_spec(text: object) -> dict[str, Any]:
    """Return a description; raise ValueError unless it can be written again, as a copy of the store does."""
    if not isinstance(text, str) or len(text) > _MAX_SPEC:
        raise ValueError(f"a description that is no text of at most {_MAX_SPEC:,} characters")
    spec = json.loads(text)
    if not isinstance(spec, dict):
        raise ValueError(f"a description of type {type(spec).__name__}")
    json.dumps(spec, ensure_ascii=False, allow_nan=False).encode()
    return spec


def _checked_array(stored: _StoredArray) -> tuple[str, NDArray[np.float32]]:
    name, text, data = stored
    shape = json.loads(text)
    if not isinstance(name, str) or not is_storable_text(name):
        raise ValueError("an array whose name is no text")
    if not isinstance(shape, list) or not are_counts(*shape):
        raise ValueError(f"an array of the shape {shortened(text)}")
    return name, np.frombuffer(data, VECTOR_DTYPE).reshape(shape)


def digest_of(dim: object, fingerprint: object, spec: object, arrays: Sequence[_StoredArray], batch: int) -> bytes:
    """Return the sha256 of all fields of an embedding, of any type, since damage can change types."""
    # The first versions had no batch, and their digests must not change.
    fields = [repr(dim), repr(fingerprint), repr(spec), *([repr(batch)] if batch else [])]
    digest = hashlib.sha256(json.dumps(fields).encode())
    for name, shape, data in arrays:
        data_digest = hashlib.sha256(data if isinstance(data, bytes) else repr(data).encode())
        digest.update(json.dumps([repr(name), repr(shape), data_digest.hexdigest()]).encode())
    return digest.digest()
