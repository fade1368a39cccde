"""Write a store's items to files that other tools read, each complete or not at all.

Parquet and `.npz` carry id, key, label, metadata (JSON text), source and vector; `.faiss` is the plain index.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import FileUnusable
from storage.files import durable
from storage.files.output_file import OutputFile
from storage.nearest.faiss_flat import FaissFlat
from storage.store import Store
from storage.types.items import Item

#: Items read and written at a time.
PAGE = 4096

#: The most bytes of an array of texts.
MAX_ARRAY_BYTES = 2**32


#: The program's name, in a Parquet file's metadata and in a zip file's comment; a `.faiss` file has space for none.
SOFTWARE = b"Lookalike"
_SOFTWARE_KEY = b"software"


def is_export(path: Path) -> bool:
    """Return whether a file is recognized as one that `to_parquet` or `to_npz` wrote."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return archive.comment == SOFTWARE
        return (pq.read_schema(path).metadata or {}).get(_SOFTWARE_KEY) == SOFTWARE
    except (OSError, pa.ArrowException, zipfile.BadZipFile):
        return False


def to_parquet(store: Store, file: OutputFile) -> int:
    """Write all items to a Parquet file, the vectors as lists of fixed size, and return how many."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = dict.fromkeys(("key", "label", "metadata", "source"), pa.string())
    columns = {"id": pa.int64(), **texts, "vector": pa.list_(pa.float32(), store.dim)}
    schema = pa.schema(columns, metadata={_SOFTWARE_KEY: SOFTWARE})
    written = 0

    def write(out: durable.HashedFile) -> None:
        nonlocal written
        with pq.ParquetWriter(pa.PythonFile(_Sink(out), mode="w"), schema) as writer:
            for sourced, vectors in store.sourced_pages(PAGE):
                items = [item.item for item in sourced]
                columns = {
                    "id": [item.id for item in items],
                    "key": [item.key for item in items],
                    "label": [item.label for item in items],
                    "metadata": [_metadata_text(item) for item in items],
                    "source": [item.source for item in sourced],
                    "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), store.dim),
                }
                writer.write_table(pa.table(columns, schema=schema))
                written += len(items)

    file.write(write)
    return written


class _Sink(io.RawIOBase):
    """A file object by which pyarrow writes to a `HashedFile`."""

    def __init__(self, out: durable.HashedFile) -> None:
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._out.write(memoryview(data))

    def tell(self) -> int:
        return self._out.size


def to_npz(store: Store, file: OutputFile) -> int:
    """Write all items to an `.npz` file, an array for each field, and return how many.

    Raise FileUnusable when a few long texts would make the arrays huge.
    """
    pages = list(store.sourced_pages(PAGE))
    sourced = [item for page, _ in pages for item in page]
    items = [item.item for item in sourced]
    # Texts have a fixed width, so that nothing is pickled. `labelled` is true for a label, even an empty one.
    arrays = {
        "id": np.array([item.id for item in items], np.int64),
        "key": _texts(file.path, [item.key for item in items]),
        "label": _texts(file.path, [item.label or "" for item in items]),
        "labelled": np.array([item.label is not None for item in items], np.bool_),
        "metadata": _texts(file.path, [_metadata_text(item) for item in items]),
        "source": _texts(file.path, [item.source or "" for item in sourced]),
        "vector": np.concatenate([vectors for _, vectors in pages] or [np.empty((0, store.dim), np.float32)]),
    }
    data = io.BytesIO()
    np.savez(data, allow_pickle=False, **arrays)
    with zipfile.ZipFile(data, "a") as archive:
        archive.comment = SOFTWARE
    file.write_bytes(data.getvalue())
    return len(items)


def _texts(file: Path, values: list[str]) -> NDArray[np.str_]:
    """Return texts as an array of fixed width; raise FileUnusable if it would be too large."""
    size = 4 * len(values) * max(map(len, values), default=0)
    if size > MAX_ARRAY_BYTES:
        raise FileUnusable(
            f"expected texts that fit into {MAX_ARRAY_BYTES:,} bytes for {file}, got {size:,}, as each takes the "
            "space of the longest: export to .parquet"
        )
    return np.array(values, np.str_)


def to_faiss(store: Store, file: OutputFile) -> int:
    """Write all vectors in id order as a flat index that `faiss.read_index` opens, and return how many."""
    _, vectors = store.all_vectors()
    index = FaissFlat(store.dim)
    index.add(vectors)
    file.write(lambda out: index.write(out.write))
    return len(index)


def _metadata_text(item: Item) -> str:
    return json.dumps(item.metadata, sort_keys=True, ensure_ascii=False)
